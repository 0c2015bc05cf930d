-- What other pairs say about a pair, as far as two rows alone tell (`own_bits` of `weighed`):
--
-- more_rivals, fewer_rivals: a row has at most one partner at a desk, so its candidates there lower each other; of the two rows,
--   the one that has more to choose from and the other one; is_best: nowhere is a better partner.
-- third: a third line that is probably the same as both.
-- desks, desks_here: how often pairs of these two sources, everywhere and of this reporter, come out as the same.
--
-- Odds and probabilities are summed as decimals, so that their order is nothing.
WITH likely AS (
    SELECT
        telling_no,
        other_telling_no,
        source_of_one,
        source_of_other,
        least(source_of_one, source_of_other) AS source,
        greatest(source_of_one, source_of_other) AS other_source,
        reporter,
        CAST(pow(2, least(own_bits, 20)) AS DECIMAL(18, 6)) AS odds,
        CAST(1 / (1 + pow(2, -own_bits)) AS DECIMAL(9, 6)) AS first_probability
    FROM weighed
),

candidates AS (
    SELECT telling_no, source_of_other AS source_id, odds FROM likely
    UNION ALL
    SELECT other_telling_no, source_of_one, odds FROM likely
),

at_desk AS (
    SELECT telling_no, source_id, sum(odds) AS all_odds, max(odds) AS best_odds
    FROM candidates
    GROUP BY telling_no, source_id
),

links AS (
    SELECT telling_no, other_telling_no, first_probability FROM likely WHERE first_probability > 0.05
    UNION ALL
    SELECT other_telling_no, telling_no, first_probability FROM likely WHERE first_probability > 0.05
),

thirds AS (
    SELECT l.telling_no, r.other_telling_no, max(l.first_probability * r.first_probability) AS third
    FROM links AS l
    JOIN links AS r ON r.telling_no = l.other_telling_no  -- n:m
    WHERE l.telling_no < r.other_telling_no
    GROUP BY l.telling_no, r.other_telling_no
),

here AS (
    SELECT source, other_source, reporter, sum(first_probability) AS all_here, count(*) AS n_here
    FROM likely
    GROUP BY source, other_source, reporter
),

everywhere AS (
    SELECT
        *,
        sum(all_here) OVER (PARTITION BY source, other_source) AS all_desks,
        CAST(sum(n_here) OVER (PARTITION BY source, other_source) AS BIGINT) AS n_desks
    FROM here
)

SELECT
    w.telling_no,
    w.other_telling_no,
    log2(1 + CAST(greatest(a.all_odds, b.all_odds) - w.odds AS DOUBLE)) AS more_rivals,
    log2(1 + CAST(least(a.all_odds, b.all_odds) - w.odds AS DOUBLE)) AS fewer_rivals,
    CASE WHEN w.odds = a.best_odds AND w.odds = b.best_odds THEN 1 ELSE 0 END AS is_best,
    -- the pair itself is left out; ten pairs of which one is the same stand for what is not known of two sources
    log2(CAST(e.all_desks - w.first_probability + 1 AS DOUBLE) / (e.n_desks + 9)) AS desks,
    log2(CAST(e.all_here - w.first_probability + 1 AS DOUBLE) / (e.n_here + 9)) AS desks_here,
    CAST(coalesce(t.third, 0) AS DOUBLE) AS third
FROM likely AS w
JOIN everywhere AS e
    ON e.source = w.source AND e.other_source = w.other_source AND e.reporter = w.reporter  -- n:1
JOIN at_desk AS a ON a.telling_no = w.telling_no AND a.source_id = w.source_of_other  -- n:1
JOIN at_desk AS b ON b.telling_no = w.other_telling_no AND b.source_id = w.source_of_one  -- n:1
LEFT JOIN thirds AS t ON t.telling_no = w.telling_no AND t.other_telling_no = w.other_telling_no  -- 1:1
