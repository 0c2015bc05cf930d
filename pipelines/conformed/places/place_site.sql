-- What the facility and the routing say of the kind of place.
CREATE OR REPLACE MACRO place_site(facility, direction) AS
    CASE
        WHEN facility = 'international_waters' OR direction = 'international_waters' THEN 'high_seas'
        WHEN facility IN ('territorial_waters', 'maritime_zone') THEN 'territorial_waters'
        WHEN facility = 'airport' THEN 'airport'
        WHEN facility IN ('seaport', 'port_unspecified', 'river_port') THEN 'seaport'
        ELSE 'other'
    END
