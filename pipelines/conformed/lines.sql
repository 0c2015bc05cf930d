-- One commodity line of one report: coded, converted to kilograms, placed.
WITH standing AS (
    -- the wider copy is for products: two DECIMAL(18) would be multiplied in 18 digits
    SELECT r.*, CAST(r.quantity_reported AS DECIMAL(20, 6)) AS quantity, v.known_from
    FROM staging.reports AS r
    JOIN versions AS v USING (delivery_id, part, row_no, line_no)  -- 1:1
    WHERE v.reason IS NULL
),

-- what was asked for, so that the factors are chosen once for each combination and not for each row
asked AS (
    SELECT DISTINCT commodity, unit_reported, reporter, seized_from FROM standing
),

-- a day on which a factor begins, or the day after its last; between two of them the same factors hold
changes AS (
    SELECT valid_from AS day FROM reference.factors WHERE valid_from IS NOT NULL
    UNION
    SELECT valid_to + 1 FROM reference.factors WHERE valid_to IS NOT NULL
),

-- the first day of each stretch stands for all of its days
eras AS (
    SELECT d.day, min(d.day) OVER (PARTITION BY count(c.day)) AS era
    FROM (SELECT DISTINCT seized_from AS day FROM asked) AS d
    LEFT JOIN changes AS c ON c.day <= d.day  -- 1:n
    GROUP BY d.day
),

wanted AS (
    SELECT DISTINCT
        q.commodity, c.commodity_group, c.form, q.unit_reported, q.reporter, a.subregion, a.region, e.era
    FROM asked AS q
    JOIN reference.commodities AS c USING (commodity)  -- n:1
    JOIN reference.areas AS a ON a.area = q.reporter  -- n:1
    JOIN eras AS e ON e.day = q.seized_from  -- n:1
),

-- what a line needs of its factor
offered AS (
    SELECT
        *,
        {
            'factor_id': factor_id, 'unit': unit, 'equiv_product': equiv_product,
            'kg_low': kg_per_unit_low, 'kg_mid': kg_per_unit_mid, 'kg_high': kg_per_unit_high
        } AS factor
    FROM reference.factors
),

-- The most specific factor that applies wins; the order stands in reference.factors. An equivalent is of one reported
-- unit where there is such a factor, and else of one kilogram of bulk weight, whatever the unit was.
chosen AS (
    SELECT
        w.commodity,
        w.unit_reported,
        w.reporter,
        w.era,
        arg_max(f.factor, f.specificity) FILTER (WHERE f.factor_product = 'bulk') AS bulk,
        arg_max(f.factor, (f.unit = w.unit_reported, f.specificity))
            FILTER (WHERE f.factor_product = 'equivalent') AS equivalent
    FROM wanted AS w
    JOIN offered AS f
        ON f.unit IN (w.unit_reported, CASE WHEN f.factor_product = 'equivalent' THEN 'kilogram' END)
        AND coalesce(f.commodity, w.commodity) = w.commodity
        AND coalesce(f.commodity_group, w.commodity_group) = w.commodity_group
        AND coalesce(f.form, w.form) = w.form
        AND (f.factor_region IS NULL OR f.factor_region IN (w.reporter, w.subregion, w.region))
        AND w.era BETWEEN coalesce(f.valid_from, w.era) AND coalesce(f.valid_to, w.era)  -- n:n
    GROUP BY ALL
),

weighed AS (
    SELECT
        s.*,
        c.commodity_group,
        c.commodity_family,
        c.form,
        c.in_group_kg,
        u.dimension,
        coalesce(s.quantity_reported > 0, false) AS has_quantity,
        CASE WHEN has_quantity THEN f.bulk.factor_id END AS factor_id,
        CASE WHEN has_quantity THEN CAST(s.quantity * f.bulk.kg_low AS DECIMAL(18, 6)) END AS kg_low,
        CASE WHEN has_quantity THEN CAST(s.quantity * f.bulk.kg_mid AS DECIMAL(18, 6)) END AS kg_mid,
        CASE WHEN has_quantity THEN CAST(s.quantity * f.bulk.kg_high AS DECIMAL(18, 6)) END AS kg_high,
        f.equivalent.unit = s.unit_reported AS of_unit,
        CASE
            WHEN has_quantity
                THEN CAST(
                    CASE WHEN of_unit THEN s.quantity ELSE CAST(kg_low AS DECIMAL(20, 6)) END
                    * f.equivalent.kg_low AS DECIMAL(18, 6)
                )
        END AS kg_equiv_low,
        CASE
            WHEN has_quantity
                THEN CAST(
                    CASE WHEN of_unit THEN s.quantity ELSE CAST(kg_mid AS DECIMAL(20, 6)) END
                    * f.equivalent.kg_mid AS DECIMAL(18, 6)
                )
        END AS kg_equiv_mid,
        CASE
            WHEN has_quantity
                THEN CAST(
                    CASE WHEN of_unit THEN s.quantity ELSE CAST(kg_high AS DECIMAL(20, 6)) END
                    * f.equivalent.kg_high AS DECIMAL(18, 6)
                )
        END AS kg_equiv_high,
        CASE WHEN kg_equiv_mid IS NOT NULL THEN f.equivalent.equiv_product END AS equiv_product,
        CASE WHEN kg_equiv_mid IS NOT NULL THEN f.equivalent.factor_id END AS equiv_factor_id,
        CASE
            WHEN u.dimension = 'count' AND has_quantity
                THEN CAST(s.quantity * CAST(u.exact_factor AS DECIMAL(18, 6)) AS DECIMAL(18, 6))
        END AS count_mid,
        CASE WHEN u.dimension = 'currency' AND has_quantity THEN m.rate_id END AS rate_id,
        CASE
            WHEN u.dimension = 'currency' AND has_quantity THEN CAST(s.quantity * m.usd_per_unit AS DECIMAL(18, 6))
        END AS value_usd
    FROM standing AS s
    JOIN reference.commodities AS c USING (commodity)  -- n:1
    JOIN codes.units AS u ON u.code = s.unit_reported  -- n:1
    JOIN eras AS e ON e.day = s.seized_from  -- n:1
    LEFT JOIN chosen AS f
        ON f.commodity = s.commodity AND f.unit_reported = s.unit_reported
        AND f.reporter = s.reporter AND f.era = e.era  -- n:1
    LEFT JOIN reference.rates AS m
        ON m.currency = s.currency AND s.seized_from BETWEEN m.valid_from AND m.valid_to  -- n:1
),

-- where it was made. The high seas are no state's: such a seizure stands under the state whose authority made it
-- (UNCLOS, articles 108 to 110), and its type says that it was made there.
placed AS (
    SELECT
        w.*,
        w.reporter AS seizing_area,
        k.place_key,
        place_site(w.facility, w.direction) = 'high_seas' OR q.place_id = 'SEA:XHS' AS on_high_seas,
        w.lat IS NOT NULL AND w.lon IS NOT NULL AS has_point,
        q.place_id,
        q.place_area,
        q.n_place_candidates,
        CASE WHEN has_point THEN 'point' ELSE q.place_precision END AS place_precision,
        CASE WHEN has_point THEN 'coordinates' ELSE q.place_method END AS place_method,
        CASE WHEN has_point THEN 1 ELSE q.place_score END AS place_score,
        -- a division and a country are no points
        CASE WHEN q.place_precision IN ('point', 'city') THEN p.lat END AS place_lat,
        CASE WHEN q.place_precision IN ('point', 'city') THEN p.lon END AS place_lon,
        coalesce(fac.border_class, 'unknown') AS site_class,
        m.mode_class
    FROM weighed AS w
    JOIN place_asked AS k
        ON k.reporter = w.reporter
        AND k.place_text IS NOT DISTINCT FROM w.place_text
        AND k.admin1 IS NOT DISTINCT FROM w.admin1
        AND k.place_code IS NOT DISTINCT FROM w.place_code
        AND k.place_site = place_site(w.facility, w.direction)  -- n:1
    JOIN conformed.place_questions AS q USING (place_key)  -- n:1
    JOIN reference.places AS p ON p.place_id = q.place_id  -- n:1
    LEFT JOIN codes.facilities AS fac ON fac.code = w.facility  -- n:1
    LEFT JOIN codes.transport_modes AS m ON m.code = w.transport_mode  -- n:1
),

-- what contradicts the place. A territory and its state may report for each other.
checked AS (
    SELECT
        l.*,
        CASE
            WHEN l.has_point AND l.on_high_seas AND NOT o.at_sea THEN 'on_land'
            WHEN l.has_point AND NOT l.on_high_seas AND o.at_sea THEN 'at_sea'
            WHEN l.has_point
                AND NOT l.on_high_seas
                AND NOT list_contains(o.areas, l.reporter)
                AND coalesce(a.state_area, a.area) <> coalesce(b.state_area, b.area) THEN 'other_country'
            WHEN l.has_point
                AND l.place_lat IS NOT NULL
                AND 2 * 6371 * asin(least(1, sqrt(
                    pow(sin(radians(l.place_lat - l.lat) / 2), 2)
                    + cos(radians(l.lat)) * cos(radians(l.place_lat)) * pow(sin(radians(l.place_lon - l.lon) / 2), 2)
                ))) > 100 THEN 'far_from_stated_place'
            WHEN NOT l.has_point AND l.place_area <> l.reporter AND NOT l.on_high_seas THEN 'other_country'
            ELSE 'none'
        END AS place_conflict
    FROM placed AS l
    LEFT JOIN points AS o ON o.lat = l.lat AND o.lon = l.lon  -- n:1
    LEFT JOIN reference.areas AS a ON a.area = o.areas[1]  -- n:1
    JOIN reference.areas AS b ON b.area = l.reporter  -- n:1
)

SELECT
    l.seizure_id, l.source_id, l.delivery_id, l.file_name, l.part, l.row_no, l.line_no, l.contract_version,
    l.known_from, l.record_id, l.incident_number, l.case_key,
    l.reporter,
    src.reporter_role,
    l.agency_id,
    l.seizing_area,
    CASE WHEN l.on_high_seas THEN 'high_seas' ELSE a.area_type END AS seizing_area_type,
    l.seized_from, l.seized_to, l.date_precision, year(l.seized_from) AS year,
    l.commodity, l.commodity_group, l.commodity_family, l.form, l.in_group_kg,
    scope.in_scope,
    src.is_mirror,
    l.quantity_reported, l.unit_reported,
    CASE
        WHEN l.quantity_reported IS NULL THEN 'not_stated'
        WHEN l.quantity_reported = 0 THEN 'zero_stated'
        WHEN l.dimension = 'mass' THEN 'weight'
        WHEN l.dimension = 'unspecified' THEN 'unit_not_known'
        ELSE l.dimension
    END AS amount_semantics,
    l.kg_low, l.kg_mid, l.kg_high,
    l.kg_equiv_low, l.kg_equiv_mid, l.kg_equiv_high,
    l.equiv_product,
    l.factor_id,
    l.equiv_factor_id,
    l.count_mid,
    l.currency, l.value_usd, l.rate_id,
    coalesce(size.code, 'unknown') AS size_class,
    l.inn, l.calibre_class,
    l.place_text, l.place_code, l.place_key, l.place_id, l.admin1,
    CASE WHEN l.has_point THEN l.lat ELSE l.place_lat END AS lat,
    CASE WHEN l.has_point THEN l.lon ELSE l.place_lon END AS lon,
    l.place_precision, l.place_method, l.place_score, l.n_place_candidates, l.place_conflict,
    l.transport_mode, l.mode_class, l.vessel_flag, l.concealment, l.seal_state, l.bill_of_lading, l.facility,
    -- of the site alone: the direction is what the model of cross-border traffic learns from
    l.site_class AS border_class,
    l.direction,
    l.source_reliability, l.info_accuracy,
    src.tlp
FROM checked AS l
JOIN reference.sources AS src USING (source_id)  -- n:1
JOIN reference.scopes AS scope ON scope.source_id = l.source_id AND scope.commodity_group = l.commodity_group  -- n:1
JOIN reference.areas AS a ON a.area = l.seizing_area  -- n:1
LEFT JOIN codes.size_classes AS size
    ON size.kg_from <> ''
    AND l.kg_mid >= CAST(size.kg_from AS DECIMAL(18, 6))
    AND (size.kg_below = '' OR l.kg_mid < CAST(nullif(size.kg_below, '') AS DECIMAL(18, 6)))  -- n:1
