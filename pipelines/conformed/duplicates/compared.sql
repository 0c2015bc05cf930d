-- What Splink found, in our words: the kind of pair, the bits of each agreement, and of those that are counted on the level that
-- they tell.
SELECT
    telling_no_l AS telling_no,
    telling_no_r AS other_telling_no,
    list_extract($kinds, list_position($kind_bits, CAST(round(1000 * mw_own_desk) AS INTEGER))) AS kind,
    list_extract($date_levels, list_position($date_bits, CAST(round(1000 * mw_date) AS INTEGER))) AS level_date,
    list_extract($amount_levels, list_position($amount_bits, CAST(round(1000 * mw_amount) AS INTEGER))) AS level_amount,
    list_extract($place_levels, list_position($place_bits, CAST(round(1000 * mw_place) AS INTEGER))) AS level_place,
    mw_date AS bits_date,
    mw_amount AS bits_amount,
    mw_place AS bits_place,
    mw_goods AS bits_goods,
    mw_mode AS bits_mode,
    mw_hiding AS bits_hiding,
    mw_departure AS bits_departure,
    mw_destination AS bits_destination,
    mw_origin AS bits_origin,
    mw_own_desk AS bits_own_desk
FROM predicted
