"""The publishers' vocabulary, exactly as they spell it.

Belongs here: column names, drug names, sites, weekdays, and which word stands for what of the truth. Does not
belong here: names of places (`places`), any rate (`parameters`); the shares of words below are invented.
"""

# fmt: off
IDS_COLUMNS = [
    "REGION", "SUBREGION", "COUNTRY", "ADMINISTRATIVE_DIVISION", "PLACE", "SEIZURE_DATE", "DRUG_NAME",
    "AMOUNT", "DRUG_UNIT", "HIDING_PLACE", "INSTALLATION", "TRANSPORT", "PRODUCING_COUNTRY",
    "DEPARTURE_COUNTRY", "DESTINATION_COUNTRY", "ROUTING",
]
BRAZIL_COLUMNS = [
    "UF", "UNIDADE", "UNIDADE_PADRAO_AEROPORTUARIO", "CIDADE_APREENSAO", "DATA", "DROGA", "QUANTIDADE",
    "UNIDADE_MEDIDA", "ORIGEM", "lat", "lon",
]
POLICE_COLUMNS = [
    "FECHA", "DEPARTAMENTO", "MUNICIPIO", "DIA", "CLASE DE ESTUPEFACIENTE", "CLASE DE SITIO", "ZONA",
    "UNIDAD DE MEDIDA", "CÓDIGO DANE", "CANTIDAD",
]
# What is true of a report row beside its text; every report frame carries all of them.
FLAGS = [
    "hid_producing", "hid_departure", "hid_destination", "hid_mode", "month_only", "unit_slip", "zero_amount",
    "no_amount", "edge_space", "line_break", "is_duplicate",
]
TRUTH_COLUMNS = ["event_id", "year", "label_noise", *FLAGS]
POLICE_DRUGS = {
    "Coca paste": "BASUCO", "Cocaine Base": "BASE DE COCA", "Cocaine HCL": "COCAINA", "Heroin": "HEROINA",
    "Cannabis herb": "MARIHUANA",
}
BRAZIL_DRUGS = {
    "Cocaine HCL": "cocaina", "Cocaine Base": "cocaina", "Coca paste": "cocaina", "Crack": "cocaina",
    "Cannabis herb": "maconha", "Skunk": "skunk", "Cannabis resin": "haxixe", "Ecstasy": "ecstasy",
    "Methamphetamine": "metanfetamina", "Amphetamine": "anfetamina",
}
ANNUAL_DRUGS = {
    "Cocaine HCL": ("Cocaine-type", "Cocaine salts"), "Crack": ("Cocaine-type", "Crack"),
    "Cocaine Base": ("Cocaine-type", "Coca paste/cocaine base"), "Coca leaf": ("Cocaine-type", "Coca leaf"),
    "Coca paste": ("Cocaine-type", "Coca paste/cocaine base"), "Heroin": ("Opioids", "Heroin"),
    "Morphine": ("Opioids", "Illicit morphine"), "Opium": ("Opioids", "Opium"),
    "Methamphetamine": ("ATS", "Methamphetamine"), "Ecstasy": ("ATS", "Ecstasy-type substances"),
    "Amphetamine": ("ATS", "Amphetamine"), "Captagon": ("ATS", "Amphetamine"),
    "Ketamine": ("Substances not under international control", "Ketamine and phencyclidine-type substances"),
    "Pseudoephedrine": ("Precursors", "Pseudoephedrine"), "GHB": ("Sedatives and Tranquillizers", "GHB"),
    "Khat": ("Substances not under international control", "Plant-based NPS"),
    "Mephedrone": ("Substances not under international control", "Synthetic cathinones"),
    "Cannabis herb": ("Cannabis-type", "Marijuana (herb)"), "Skunk": ("Cannabis-type", "Marijuana (herb)"),
    "Cannabis resin": ("Cannabis-type", "Hashish (resin)"),
}
SECOND_NAME = {"Cocaine salts": "Non-specified cocaine", "Methamphetamine": "Non-specified ATS"}
# IDS spells "not known" in four ways ("-" is empty); shares rounded from the profile of 2011-2015.
NOT_KNOWN = {
    "departure": "- 83, Unknown 16, Other 1", "far": "- 94, Unknown 5.7, Other 0.3",
    "mode": "- 97.6, Other 2, None 0.3, Unknown 0.1",
}
ROUTING = {
    "departure": "Border - outbound", "transit": "Border - transit/free trade zone",
    "destination": "Border - inbound", "domestic": "National territory/domestic seizure",
}
# What each mode is found in and at ("*" for the other modes).
HIDING = {
    "Commercial air": "Baggage 50, Swallowed 18, Body 12, Inserted 10, Freight 10",
    "Commercial sea": "Container 70, Freight 30", "Mail": "Postal 80, Package 20",
    "*": "Transport Vehicle 40, Car Parts 20, Handbag 20, Plastic bags 20",
}
INSTALLATION = {
    "Commercial air": "Airport 100", "Commercial sea": "Seaport 60, Port Facilities 40",
    "Mail": "Post Office 90, Customs facilities 10",
    "Private sea": "Territorial Waters 60, International Waters 40",
    "*": "Frontier 30, Highway 20, Vehicle 30, Street 20",
}
POLICE_SITES = {
    "Commercial air": "AEROPUERTO 100", "Commercial sea": "PUERTO 100", "Private sea": "ALTAMAR 100",
    "Pedestrian": "VIAS PUBLICAS 90, PARQUES 4, CASAS DE HABITACION 4, CARCELES 2",
    "*": "CARRETERA 60, FINCAS Y SIMILARES 25, PUESTO DE CONTROL 15",
}
DAYS = ["Lunes", "Martes", "Miércoles", "Jueves", "Viernes", "Sábado", "Domingo"]
# fmt: on
