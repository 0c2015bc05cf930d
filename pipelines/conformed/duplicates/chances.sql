-- For each compared pair, how many unrelated lines one would expect to agree with the rarer of the two as much by chance:
--
--   expected = rate × days × share of the amount × share of the place
--
-- and, at the same place, no less than what the place itself shows: how often it has that very amount on other days, and how
-- many lines beside a line an operation makes there on one day.
--
-- How common the rate, the amount and the place are stands beside it, for what it supposes (that they are independent, that all
-- desks tell alike) holds more for some kinds of pairs than for others.
--
-- rate: lines of the reporter and group a day, around that day; days: how many the agreement of dates admits; the shares are of
-- the reporter's lines of the group. A country that reports three seizures a month has few chance twins, one that reports
-- three hundred a day has many, and a round amount in the capital has most.
WITH sized AS (
    SELECT
        l.seizure_id,
        r.seizure_id AS other_seizure_id,
        c.*,
        l.source_id AS source_of_one,
        r.source_id AS source_of_other,
        l.reporter,
        least(l.n_digits, r.n_digits) AS n_digits,
        -- how common the amount is that has the fewer digits, for it may be the other one rounded
        CASE WHEN l.n_digits < r.n_digits THEN l.n_same_amount + 20 * l.share_liked ELSE r.n_same_amount + 20 * r.share_liked END
            / (l.n_lines + 20.0) AS share_rounder,
        CAST(least(l.n_alike, r.n_alike) AS DOUBLE) / 58 AS alike_a_day,
        l.company,
        CAST(greatest(least(l.n_around, r.n_around) - 1, 1) AS DOUBLE) / 61 AS lines_a_day,
        CASE c.level_date
            WHEN 'same_day' THEN 1
            WHEN 'a_day_apart' THEN 2
            WHEN 'two_or_three_days_apart' THEN 4
            WHEN 'up_to_ten_days_apart' THEN 14
            ELSE greatest(l.last_day_no - l.day_no, r.last_day_no - r.day_no) + 1
        END AS n_days,
        CASE
            -- the reporter's share, as far as it has lines, and the share everywhere, for as much as twenty lines
            WHEN c.level_amount IN ('same_amount', 'thousandfold_same_digits')
                THEN (least(l.n_same_amount, r.n_same_amount) + 20 * greatest(l.share_liked, r.share_liked))
                    / (l.n_lines + 20.0)
            WHEN c.level_amount IN
                ('two_digits', 'whole_number', 'rounded', 'thousandfold', 'pieces_told_as_kilograms')
                THEN CAST(least(l.n_near_amount, r.n_near_amount) AS DOUBLE) / l.n_lines
            WHEN c.level_amount = 'gross_or_net' THEN CAST(least(l.n_gross_amount, r.n_gross_amount) AS DOUBLE) / l.n_lines
            WHEN c.level_amount = 'a_part' THEN CAST(least(l.n_part_amount, r.n_part_amount) AS DOUBLE) / l.n_lines
            ELSE 1
        END AS share_amount,
        CASE c.level_place
            WHEN 'same_words' THEN CAST(least(l.n_same_words, r.n_same_words) AS DOUBLE) / greatest(l.n_placed, 1)
            WHEN 'same_place' THEN CAST(least(l.n_same_place, r.n_same_place) AS DOUBLE) / greatest(l.n_placed, 1)
            WHEN 'near' THEN CAST(greatest(l.n_same_place, r.n_same_place) AS DOUBLE) / greatest(l.n_placed, 1)
            ELSE 1
        END AS share_place
    FROM compared AS c
    JOIN tellings AS l ON l.telling_no = c.telling_no  -- n:1
    JOIN tellings AS r ON r.telling_no = c.other_telling_no  -- n:1
)

SELECT
    * EXCLUDE (share_rounder, n_digits),
    log2(
        greatest(
            lines_a_day * n_days * share_amount * share_place,
            CASE WHEN level_place = 'same_words' THEN company * share_amount / n_days ELSE 0 END,
            CASE WHEN level_place = 'same_words' AND level_amount = 'same_amount' THEN alike_a_day * n_days ELSE 0 END
        )
    ) AS chance_bits,
    log2(greatest(lines_a_day, 1e-6)) AS rate_bits,
    log2(greatest(share_amount, 1e-6)) AS amount_bits,
    log2(greatest(share_place, 1e-6)) AS place_bits,
    CASE WHEN level_amount IN ('two_digits', 'whole_number') THEN log2(greatest(share_rounder, 1e-6)) ELSE 0 END AS exact_bits,
    CASE WHEN level_amount IN ('rounded', 'gross_or_net', 'a_part') THEN log2(greatest(share_rounder, 1e-6)) ELSE 0 END
        AS about_bits,
    CASE WHEN level_amount = 'same_amount' THEN coalesce(n_digits, 0) ELSE 0 END AS digits
FROM sized
