-- What is asked, as written: each combination of words once.
SELECT
    reporter,
    place_text,
    admin1,
    place_code,
    place_site(facility, direction) AS place_site,
    count(*) AS n_rows
FROM staging.reports
GROUP BY ALL
ORDER BY ALL
