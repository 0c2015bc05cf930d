-- What two lines are compared by, one row a line; a row that only mirrors another source's is left out. Beside what the line
-- says stand numbers that tell how little an agreement means: how many lines the same reporter has of the same group around
-- that day, and how many of them have this amount, or this place. All count rows, so that their order is nothing.
WITH placed AS (
    SELECT
        s.*,
        -- one desk is one publisher, or one agency where the publisher names it; a mirror has the desk of what it mirrors
        concat_ws('/', coalesce(m.mirrored_source, s.source_id), s.agency_id) AS desk,
        coalesce(place_id, place_words) AS place_cell,
        -- the amount without its unit's power of ten: 2,786 tablets and 2.786 kg have the same digits
        CASE WHEN quantity_reported > 0 THEN left(ltrim(replace(CAST(quantity_reported AS VARCHAR), '.', ''), '0'), 3) END
            AS leading_digits,
        CASE WHEN ln_amount IS NOT NULL THEN CAST(round(ln_amount / 0.05) AS INTEGER) END AS amount_step,
        -- the amount as somebody writes it who likes round numbers
        ln(round(exp(ln_amount) / pow(10, floor(log10(exp(ln_amount))) - 1)) * pow(10, floor(log10(exp(ln_amount))) - 1))
            AS ln_two_digits,
        CASE WHEN ln_amount >= 0 THEN ln(round(exp(ln_amount))) END AS ln_whole
    FROM stated AS s
    LEFT JOIN mirrors AS m USING (source_id)  -- n:1
    ANTI JOIN mirrored USING (seizure_id)
),

-- lines by day, and by amount in steps of five per cent: their neighbours are summed up here, where rows are few
days AS (
    SELECT
        reporter, commodity_group, day_no,
        sum(count(*)) OVER (
            PARTITION BY reporter, commodity_group ORDER BY day_no RANGE BETWEEN 30 PRECEDING AND 30 FOLLOWING
        ) AS n_around
    FROM placed
    GROUP BY reporter, commodity_group, day_no
),

steps AS (
    SELECT
        reporter, commodity_group, measure, amount_step,
        count(*) AS n_near_amount,
        sum(count(*)) OVER (
            PARTITION BY reporter, commodity_group, measure ORDER BY amount_step RANGE BETWEEN 3 PRECEDING AND 3 FOLLOWING
        ) AS n_gross_amount,
        sum(count(*)) OVER (
            PARTITION BY reporter, commodity_group, measure
            ORDER BY amount_step RANGE BETWEEN 26 PRECEDING AND 26 FOLLOWING
        ) AS n_part_amount
    FROM placed
    GROUP BY reporter, commodity_group, measure, amount_step
),

-- round numbers are liked everywhere: how common an amount is in the group, whoever reports
liked AS (
    SELECT
        commodity_group, measure, ln_amount,
        CAST(count(*) AS DOUBLE) / sum(count(*)) OVER (PARTITION BY commodity_group, measure) AS share_liked
    FROM placed
    WHERE ln_amount IS NOT NULL
    GROUP BY commodity_group, measure, ln_amount
),

-- the same amount at the same place, on the days around and on this one: a weight that comes every week is no sign
alike AS (
    SELECT
        reporter, commodity_group, place_words, ln_amount, day_no,
        sum(count(*)) OVER (
            PARTITION BY reporter, commodity_group, place_words, ln_amount
            ORDER BY day_no RANGE BETWEEN 30 PRECEDING AND 30 FOLLOWING
        ) - sum(count(*)) OVER (
            PARTITION BY reporter, commodity_group, place_words, ln_amount
            ORDER BY day_no RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING
        ) AS n_alike
    FROM placed
    WHERE place_words IS NOT NULL AND ln_amount IS NOT NULL
    GROUP BY reporter, commodity_group, place_words, ln_amount, day_no
),

here AS (
    SELECT reporter, commodity_group, place_words, day_no, count(*) AS n_here
    FROM placed
    WHERE place_words IS NOT NULL
    GROUP BY reporter, commodity_group, place_words, day_no
),

-- how many lines of the group the reporter has, beside a line, at its place on its day: operations make several at once
operations AS (
    SELECT reporter, commodity_group, CAST(sum(n_here * (n_here - 1)) AS DOUBLE) / sum(n_here) AS company
    FROM here
    GROUP BY reporter, commodity_group
),

reporters AS (
    SELECT reporter, commodity_group, count(*) AS n_lines, count(place_cell) AS n_placed
    FROM placed
    GROUP BY reporter, commodity_group
),

cells AS (
    SELECT reporter, commodity_group, place_cell, count(*) AS n_same_place
    FROM placed
    GROUP BY reporter, commodity_group, place_cell
),

words AS (
    SELECT reporter, commodity_group, place_words, count(*) AS n_same_words
    FROM placed
    GROUP BY reporter, commodity_group, place_words
),

amounts AS (
    SELECT reporter, commodity_group, measure, ln_amount, count(*) AS n_same_amount
    FROM placed
    GROUP BY reporter, commodity_group, measure, ln_amount
)

SELECT
    -- a number a line, in the order of the ids: pairs of numbers are met and sorted faster than pairs of hashes
    row_number() OVER (ORDER BY p.seizure_id) AS telling_no,
    p.*,
    n.n_lines,
    n.n_placed,
    coalesce(c.n_same_place, 0) AS n_same_place,
    coalesce(v.n_same_words, 0) AS n_same_words,
    coalesce(a.n_same_amount, 0) AS n_same_amount,
    coalesce(w.share_liked, 0) AS share_liked,
    coalesce(s.n_near_amount, 0) AS n_near_amount,
    CAST(coalesce(s.n_gross_amount, 0) AS BIGINT) AS n_gross_amount,
    CAST(coalesce(s.n_part_amount, 0) AS BIGINT) AS n_part_amount,
    CAST(coalesce(k.n_alike, 0) AS BIGINT) AS n_alike,
    coalesce(o.company, 0) AS company,
    CAST(d.n_around AS BIGINT) AS n_around
FROM placed AS p
JOIN reporters AS n USING (reporter, commodity_group)  -- n:1
JOIN days AS d USING (reporter, commodity_group, day_no)  -- n:1
LEFT JOIN cells AS c USING (reporter, commodity_group, place_cell)  -- n:1
LEFT JOIN words AS v USING (reporter, commodity_group, place_words)  -- n:1
LEFT JOIN amounts AS a
    ON a.reporter = p.reporter
    AND a.commodity_group = p.commodity_group
    AND a.measure = p.measure
    AND a.ln_amount = p.ln_amount  -- n:1
LEFT JOIN steps AS s
    ON s.reporter = p.reporter
    AND s.commodity_group = p.commodity_group
    AND s.measure = p.measure
    AND s.amount_step = p.amount_step  -- n:1
LEFT JOIN liked AS w
    ON w.commodity_group = p.commodity_group AND w.measure = p.measure AND w.ln_amount = p.ln_amount  -- n:1
LEFT JOIN alike AS k
    ON k.reporter = p.reporter
    AND k.commodity_group = p.commodity_group
    AND k.place_words = p.place_words
    AND k.ln_amount = p.ln_amount
    AND k.day_no = p.day_no  -- n:1
LEFT JOIN operations AS o ON o.reporter = p.reporter AND o.commodity_group = p.commodity_group  -- n:1
