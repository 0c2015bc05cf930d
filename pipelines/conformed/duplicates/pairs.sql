-- Pairs that may be of one seizure, with their probability and what moved it.
--
-- A row has at most one partner at a desk, so its candidates there are rivals: each lowers the others. What the agreements and
-- the chance of an unrelated twin come to (`own_bits`) is therefore corrected by what the rivals come to. The odds are summed as
-- decimals, so that their order is nothing.
WITH weighed AS (
    SELECT
        c.*,
        CASE WHEN NOT is_own_desk THEN w.another_desk WHEN is_large THEN w.own_desk_large ELSE w.own_desk_street END
            * chance_bits + w.prior_bits AS bits_chance,
        bits_date + bits_amount + bits_place + bits_goods + bits_mode + bits_hiding + bits_departure + bits_destination
            + bits_origin + bits_own_desk + bits_chance AS own_bits,
        CAST(pow(2, least(own_bits, 20)) AS DECIMAL(18, 6)) AS odds
    FROM chances AS c
    CROSS JOIN weights AS w
),

candidates AS (
    SELECT seizure_id, source_of_other AS source_id, odds FROM weighed
    UNION ALL
    SELECT other_seizure_id, source_of_one, odds FROM weighed
),

at_desk AS (
    SELECT seizure_id, source_id, sum(odds) AS all_odds, max(odds) AS best_odds
    FROM candidates
    GROUP BY seizure_id, source_id
),

rivalled AS (
    SELECT
        w.*,
        log2(1 + CAST(greatest(a.all_odds, b.all_odds) - w.odds AS DOUBLE)) AS more_rivals,
        log2(1 + CAST(least(a.all_odds, b.all_odds) - w.odds AS DOUBLE)) AS fewer_rivals,
        w.odds = a.best_odds AND w.odds = b.best_odds AS is_best
    FROM weighed AS w
    JOIN at_desk AS a ON a.seizure_id = w.seizure_id AND a.source_id = w.source_of_other  -- n:1
    JOIN at_desk AS b ON b.seizure_id = w.other_seizure_id AND b.source_id = w.source_of_one  -- n:1
),

judged AS (
    SELECT
        r.*,
        w.rivals_intercept + (w.rivals_own_bits - 1) * r.own_bits + w.rivals_more * r.more_rivals
            + w.rivals_fewer * r.fewer_rivals + CASE WHEN r.is_best THEN w.rivals_best ELSE 0 END AS bits_rivals,
        CAST(round(1 / (1 + pow(2, -(r.own_bits + bits_rivals))), 6) AS DECIMAL(9, 6)) AS modelled
    FROM rivalled AS r
    CROSS JOIN weights AS w
),

of_model AS (
    SELECT
        'model' AS basis, seizure_id, other_seizure_id, modelled, level_date, level_amount, level_place, bits_date,
        bits_amount, bits_place, bits_goods, bits_mode, bits_hiding, bits_departure, bits_destination, bits_origin,
        bits_own_desk, bits_chance, bits_rivals
    FROM judged
),

-- the rows of a mirror are the rows of the mirrored source: its contract says so
of_contract AS (
    SELECT 'mirror' AS basis, least(seizure_id, other_seizure_id) AS seizure_id,
        greatest(seizure_id, other_seizure_id) AS other_seizure_id, 1 AS modelled
    FROM mirrored
),

-- what a person has decided outranks both, also of a pair that nothing else had thought of
decided AS (
    SELECT d.seizure_id, d.other_seizure_id, d.decision_id, d.decision
    FROM staging.decisions AS d
    JOIN conformed.lines AS l ON l.seizure_id = d.seizure_id  -- n:1
    JOIN conformed.lines AS r ON r.seizure_id = d.other_seizure_id  -- n:1
    WHERE d.kind = 'duplicate' AND d.standing
),

together AS (
    SELECT * FROM of_model
    UNION ALL BY NAME
    SELECT * FROM of_contract
)

SELECT
    seizure_id,
    other_seizure_id,
    CASE d.decision WHEN 'same' THEN 1 WHEN 'different' THEN 0 ELSE t.modelled END AS probability,
    CASE WHEN d.decision IS NOT NULL THEN 'decision' ELSE t.basis END AS pair_basis,
    t.modelled AS probability_modelled,
    d.decision_id,
    t.level_date, t.level_amount, t.level_place,
    COLUMNS('bits_.*')
FROM together AS t
FULL JOIN decided AS d USING (seizure_id, other_seizure_id)  -- 1:1
WHERE d.decision IS NOT NULL OR t.modelled >= $least
