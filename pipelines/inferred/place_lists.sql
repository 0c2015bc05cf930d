-- The lists in the words of the table.
SELECT
    list AS list_no,
    rank,
    country,
    CAST(CAST("true" AS DECIMAL(9, 0)) * 0.000001 AS DECIMAL(9, 6)) AS prob_true,
    CAST(CAST(label AS DECIMAL(9, 0)) * 0.000001 AS DECIMAL(9, 6)) AS prob_label,
    in_set90,
    support_n,
    support_reporters
FROM lists
