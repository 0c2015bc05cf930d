-- What every line says that another line can be compared with.
CREATE OR REPLACE TEMP VIEW stated AS
WITH routes AS (
    SELECT
        seizure_id,
        min(area) FILTER (WHERE role = 'origin') AS origin,
        min(area) FILTER (WHERE role = 'departure') AS departure,
        min(area) FILTER (WHERE role = 'destination') AS destination
    FROM conformed.legs
    WHERE role <> 'seizure'
    GROUP BY seizure_id
)

SELECT
    l.seizure_id, l.source_id, l.delivery_id, l.part, l.row_no, l.incident_number, l.seized_from, l.agency_id, l.reporter,
    l.commodity, l.commodity_group,
    l.date_precision,
    date_diff('day', DATE '1970-01-01', l.seized_from) AS day_no,
    date_diff('day', DATE '1970-01-01', l.seized_to) AS last_day_no,
    CASE
        WHEN l.kg_mid > 0 THEN 'kg'
        WHEN l.count_mid > 0 THEN 'pieces'
        WHEN l.value_usd > 0 THEN 'usd'
        WHEN l.quantity_reported > 0 THEN l.unit_reported
    END AS measure,
    CASE
        WHEN coalesce(l.kg_mid, l.count_mid, l.value_usd, l.quantity_reported) > 0
            THEN ln(CAST(coalesce(l.kg_mid, l.count_mid, l.value_usd, l.quantity_reported) AS DOUBLE))
    END AS ln_amount,
    CASE WHEN l.count_mid > 0 THEN ln(CAST(l.count_mid AS DOUBLE)) END AS ln_pieces,
    -- how many digits were written: 6,910 has three that mean something, 2.786 has four
    length(trim(replace(CAST(l.quantity_reported AS VARCHAR), '.', ''), '0')) AS n_digits,
    l.quantity_reported, l.unit_reported,
    coalesce(l.kg_mid >= 0.1 OR l.kg_mid IS NULL, true) AS is_large,
    -- a town and a point at sea cannot be compared
    l.place_precision = 'sea_area' OR coalesce(l.place_id LIKE 'SEA:%', false) AS at_sea,
    CASE
        WHEN NOT at_sea
            THEN nullif(
                trim(regexp_replace(lower(strip_accents(coalesce(l.place_text, l.place_code, ''))), '[^a-z0-9]+', ' ', 'g')),
                ''
            )
    END AS place_words,
    NOT at_sea AND l.place_precision IN ('point', 'city') AS is_sharp,
    CASE WHEN is_sharp THEN l.place_id END AS place_id,
    CASE WHEN is_sharp THEN l.lat END AS sharp_lat,
    CASE WHEN is_sharp THEN l.lon END AS sharp_lon,
    l.mode_class, l.concealment, l.facility, r.origin, r.departure, r.destination,
    -- all that a line says beside day, place, goods and amount: a copy has it word by word
    hash(
        l.admin1, l.transport_mode, l.concealment, l.facility, l.direction, r.origin, r.departure, r.destination
    ) AS circumstances,
    -- who collects reports tells what an authority told before
    CASE WHEN l.reporter_role = 'seizing_authority' THEN 0 ELSE 1 END AS tells_on
FROM conformed.lines AS l
LEFT JOIN routes AS r USING (seizure_id)  -- 1:1
