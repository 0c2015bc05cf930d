-- The pairs of lines that are looked at. Each rule keeps a kind of double report that the others would miss, and none meets
-- more pairs than it must: a street amount is compared on its own day alone, and a country's dense years with themselves.
WITH
-- whatever was found, at the same place on the same day
same_day_and_place AS (
    SELECT l.telling_no AS join_key_l, r.telling_no AS join_key_r, 0 AS rule
    FROM tellings AS l
    JOIN tellings AS r  -- n:m
        ON l.reporter = r.reporter
        AND l.commodity_group = r.commodity_group
        AND l.day_no = r.day_no
        AND l.place_cell = r.place_cell
        AND l.telling_no < r.telling_no
),

-- the same amount on the same day, wherever; alike street amounts of one desk are no news
same_day_and_amount AS (
    SELECT l.telling_no AS join_key_l, r.telling_no AS join_key_r, 1 AS rule
    FROM tellings AS l
    JOIN tellings AS r  -- n:m
        ON l.reporter = r.reporter
        AND l.commodity_group = r.commodity_group
        AND l.day_no = r.day_no
        AND l.amount_step = r.amount_step
        AND l.telling_no < r.telling_no
    WHERE (l.is_large AND r.is_large) OR l.desk <> r.desk
),

-- the same digits in another unit: 2,786 tablets and 2.786 kg
same_day_and_digits AS (
    SELECT l.telling_no AS join_key_l, r.telling_no AS join_key_r, 2 AS rule
    FROM tellings AS l
    JOIN tellings AS r  -- n:m
        ON l.reporter = r.reporter
        AND l.commodity_group = r.commodity_group
        AND l.day_no = r.day_no
        AND l.leading_digits = r.leading_digits
        AND l.telling_no < r.telling_no
    WHERE l.unit_reported <> r.unit_reported AND (l.is_large OR r.is_large)
),

-- a large amount up to two days apart, gross or net; up to four days apart, the very same
large AS (
    SELECT
        telling_no, reporter, commodity_group, day_no, ln_amount,
        day_no // 5 AS five_days,
        CAST(floor(ln_amount / 0.14) AS INTEGER) AS band
    FROM tellings
    WHERE is_large AND date_precision = 'day' AND ln_amount IS NOT NULL
),

-- whatever is up to four days and 15 per cent away lies in the same block or in one beside it
beside AS (
    SELECT * REPLACE (five_days + d.step AS five_days, band + b.step AS band)
    FROM large
    CROSS JOIN (VALUES (-1), (0), (1)) AS d (step)
    CROSS JOIN (VALUES (-1), (0), (1)) AS b (step)
),

like_amount_days_apart AS (
    SELECT l.telling_no AS join_key_l, r.telling_no AS join_key_r, 3 AS rule
    FROM beside AS l
    JOIN large AS r  -- n:m
        ON l.reporter = r.reporter
        AND l.commodity_group = r.commodity_group
        AND l.five_days = r.five_days
        AND l.band = r.band
        AND l.telling_no < r.telling_no
    WHERE abs(l.ln_amount - r.ln_amount)
        <= CASE WHEN abs(l.day_no - r.day_no) <= 2 THEN 0.14 WHEN abs(l.day_no - r.day_no) <= 4 THEN 0.0005 END
),

-- another desk's large seizure: up to three days apart whatever its amount; up to five, a part of it; up to ten, gross or net
several_desks AS (
    SELECT reporter, commodity_group FROM tellings GROUP BY reporter, commodity_group HAVING count(DISTINCT desk) > 1
),

far_days AS (
    SELECT
        t.telling_no, t.reporter, t.commodity_group, t.desk, t.day_no, t.ln_amount,
        unnest(range(t.day_no - 10, t.day_no + 11)) AS near_day
    FROM tellings AS t
    JOIN several_desks USING (reporter, commodity_group)  -- n:1
    WHERE t.is_large AND t.date_precision = 'day'
),

another_desk_days_apart AS (
    SELECT l.telling_no AS join_key_l, r.telling_no AS join_key_r, 4 AS rule
    FROM far_days AS l
    JOIN tellings AS r  -- n:m
        ON l.reporter = r.reporter
        AND l.commodity_group = r.commodity_group
        AND l.near_day = r.day_no
        AND l.telling_no < r.telling_no
    WHERE r.is_large
        AND r.date_precision = 'day'
        AND l.desk <> r.desk
        AND (
            abs(l.day_no - r.day_no) <= 3
            OR abs(l.ln_amount - r.ln_amount) <= CASE WHEN abs(l.day_no - r.day_no) <= 5 THEN 1.3 ELSE 0.14 END
        )
),

-- where a date is a month or a year: the same goods in the same amount, in periods that meet
vague AS (
    SELECT telling_no, reporter, commodity, quantity_reported, unit_reported, day_no, last_day_no
    FROM tellings
    WHERE date_precision <> 'day'
),

periods_that_meet AS (
    SELECT
        least(l.telling_no, r.telling_no) AS join_key_l, greatest(l.telling_no, r.telling_no) AS join_key_r, 5 AS rule
    FROM vague AS l
    JOIN tellings AS r  -- n:m
        ON l.reporter = r.reporter
        AND l.commodity = r.commodity
        AND l.quantity_reported = r.quantity_reported
        AND l.unit_reported = r.unit_reported
        AND l.telling_no <> r.telling_no
    WHERE l.day_no <= r.last_day_no AND r.day_no <= l.last_day_no
),

met AS (
    SELECT * FROM same_day_and_place
    UNION ALL SELECT * FROM same_day_and_amount
    UNION ALL SELECT * FROM same_day_and_digits
    UNION ALL SELECT * FROM like_amount_days_apart
    UNION ALL SELECT * FROM another_desk_days_apart
    UNION ALL SELECT * FROM periods_that_meet
)

SELECT join_key_l, join_key_r, CAST(min(rule) AS VARCHAR) AS match_key
FROM met
GROUP BY join_key_l, join_key_r
