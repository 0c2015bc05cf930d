-- Pairs that may be of one seizure, with their probability and what moved it: what the two rows say (`weighed`), corrected by what
-- other pairs say (`rivals`).
WITH judged AS (
    SELECT
        p.*,
        w.intercept + (w.slope - 1) * p.own_bits + w.more * r.more_rivals + w.fewer * r.fewer_rivals + w.desks * r.desks
            + w.best * r.is_best + w.desks_here * r.desks_here + w.third * r.third AS bits_rivals,
        CAST(round(1 / (1 + pow(2, -(p.own_bits + bits_rivals))), 6) AS DECIMAL(9, 6)) AS modelled
    FROM weighed AS p
    JOIN rivals AS r USING (telling_no, other_telling_no)  -- 1:1
    JOIN weights AS w USING (kind)  -- n:1
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
