"""Names and codes of places as the publishers spell them.

Belongs here: reporters and their cities, country spellings, sites of the Brazilian and Colombian police.
Does not belong here: any rate (`parameters`). City names, UN/LOCODE, IATA and DANE codes are public facts;
airport positions are those of the airportsdata package, port positions are rounded to the harbour.
"""

from functools import cache

import pycountry
from babel import Locale

from pipelines.world.network import alpha2

# ISO 3166-1 alpha-3 | subregion as IDS spells it | city/first-level division. Where another publisher of the world has
# a list of its own (Colombia, Brazil, Ghana, Trinidad and Tobago), the same towns in the same order
REPORTERS = """
COL|South America|Medellín/Antioquia;Turbo/Antioquia;Bello/Antioquia;Itagüí/Antioquia;\
Barranquilla/Atlántico;Cartagena/Bolívar;\
Manizales/Caldas;Popayán/Cauca;Bogotá, D.C./Bogotá, D.C.;Santa Marta/Magdalena;Villavicencio/Meta;\
Tumaco/Nariño;Cúcuta/Norte de Santander;Armenia/Quindío;Pereira/Risaralda;\
Bucaramanga/Santander;Buenaventura/Valle del Cauca;Cali/Valle del Cauca;Palmira/Valle del Cauca
ECU|South America|Guayaquil/GUAYAS;Quito/PICHINCHA;Manta/MANABI;Durán/GUAYAS
BOL|South America|Cochabamba/Cochabamba;Santa Cruz/Santa Cruz;La Paz/La Paz
PER|South America|Callao/CALLAO;Ayacucho/AYACUCHO;Iquitos/LORETO
VEN|South America|Maiquetía/VARGAS;Maracaibo/ZULIA;San Antonio del Táchira/TACHIRA
PRY|South America|Asunción/Capital;Ciudad del Este/Alto Paraná
BRA|South America|Guarulhos/São Paulo;Manaus/Amazonas;Rio de Janeiro/Rio de Janeiro;\
Brasília/Distrito Federal;Campinas/São Paulo;\
Campo Grande/Mato Grosso do Sul;Recife/Pernambuco;Fortaleza/Ceará;Salvador/Bahia;\
Foz do Iguaçu/Paraná;Santos/São Paulo;Paranaguá/Paraná;Itajaí/Santa Catarina;\
Rio de Janeiro/Rio de Janeiro;Salvador/Bahia
CHL|South America|Arica/XV REGIÓN;Santiago/REGIÓN METROPOLITANA;Valparaíso/V REGIÓN
DOM|Caribbean|Santo Domingo/Distrito Nacional;Punta Cana/La Altagracia;Puerto Plata/Puerto Plata
CUB|Caribbean|La Habana/La Habana;Varadero/Matanzas
TTO|Caribbean|Port of Spain/Port of Spain;Piarco/Tunapuna;Point Lisas/Couva;Chaguaramas/Diego Martin
JAM|Caribbean|Kingston/Kingston;Montego Bay/Saint James
GTM|Central America|Ciudad de Guatemala/Guatemala;Puerto Barrios/Izabal
ESP|West & Central Europe|Madrid/Madrid;Algeciras/Cádiz;Barcelona/Barcelona;Valencia/Valencia
PRT|West & Central Europe|Lisboa/Lisboa;Porto/Porto
ITA|West & Central Europe|Fiumicino/Roma;Gioia Tauro/Reggio Calabria;Malpensa/Varese
NLD|West & Central Europe|Rotterdam/Zuid-Holland;Schiphol/Noord-Holland
BEL|West & Central Europe|Antwerpen/Antwerpen;Zaventem/Vlaams-Brabant
FRA|West & Central Europe|Le Havre/Seine-Maritime;Roissy-en-France/Val-d'Oise
DEU|West & Central Europe|Hamburg/Hamburg;Frankfurt am Main/Hessen
GBR|West & Central Europe|Dover/Kent;London/Greater London
AUT|West & Central Europe|Wien/Wien;Salzburg/Salzburg
DNK|West & Central Europe|København/Hovedstaden;Aarhus/Midtjylland
LVA|West & Central Europe|Riga/Riga;Rēzekne/Latgale
SWE|West & Central Europe|Malmö/Skåne;Göteborg/Västra Götaland
BGR|Southeast Europe|Kapitan Andreevo BCP/Haskovo;Sofia/Sofia;Burgas/Burgas
RUS|East Europe|г. Москва/г. Москва;Новосибирск/Новосибирская область;Самара/Самарская область
KAZ|Central Asia and Transcaucasian countries|Almaty/Almaty;БКП "Бейнеу"/Мангистау
AFG|Near and Middle East /South-West Asia|Kabul/kabul;Herat/herat;Zaranj/nimroz
PAK|Near and Middle East /South-West Asia|Karachi/Sindh;Islamabad/Islamabad;Turbat/Balochistan
IRN|Near and Middle East /South-West Asia|Zahedan/Sistan and Baluchestan;Tehran/Tehran
IND|South Asia|Mumbai/Maharashtra;Delhi/Delhi;Amritsar/Punjab
MMR|East and South-East Asia|Tachileik/Shan;Muse/Shan;Yangon/Yangon
THA|East and South-East Asia|Bangkok/Bangkok;Chiang Rai/Chiang Rai
NZL|Oceania|Auckland/Auckland;Wellington/Wellington;Christchurch/Canterbury
NGA|West and Central Africa|Lagos/Lagos;Abuja/Federal Capital Territory;Kano/Kano
GHA|West and Central Africa|Accra/Greater Accra;Tema/Greater Accra;Kumasi/Ashanti;Takoradi/Western;\
Aflao/Volta;\
Elubo/Western;Tamale/Northern
SEN|West and Central Africa|Dakar/Dakar
BEN|West and Central Africa|Cotonou/Littoral
CPV|West and Central Africa|Praia/Santiago;Mindelo/São Vicente
GNB|West and Central Africa|Bissau/Bissau
KEN|East Africa|Mombasa/Mombasa;Nairobi/Nairobi
TZA|East Africa|Dar es Salaam/Dar es Salaam;Tanga/Tanga
MUS|East Africa|Plaine Magnien/Grand Port;Port Louis/Port Louis
ZAF|Southern Africa|Durban/KwaZulu-Natal;Kempton Park/Gauteng
ZMB|Southern Africa|Lusaka/Lusaka;Ndola/Copperbelt
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


@cache
def common_name(iso3: str, language: str) -> str:
    """Country as people call it in a language (Unicode CLDR); no customs form writes `Trinidad & Tobago`."""
    return str(Locale(language).territories[alpha2(iso3)]).replace(" & ", " and " if language == "en" else " & ")


def _iso_name(iso3: str) -> str:
    country = pycountry.countries.get(alpha_3=iso3)
    if country is None:
        raise KeyError(f"no country has the code {iso3}")
    return str(country.name)
