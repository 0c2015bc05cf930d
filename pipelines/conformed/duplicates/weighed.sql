-- What the two rows of a pair say alone (`own_bits`): their agreements, and the chance of an unrelated twin.
SELECT
    c.*,
    w.prior_bits + w.expected * chance_bits + w.rate * rate_bits + w.amount * amount_bits + w.place * place_bits
        + w.exact * exact_bits + w.about * about_bits + w.digits * c.digits AS bits_chance,
    bits_date + bits_amount + bits_place + bits_goods + bits_mode + bits_hiding + bits_departure + bits_destination
        + bits_origin + bits_own_desk + bits_chance AS own_bits
FROM chances AS c
JOIN weights AS w USING (kind)  -- n:1
