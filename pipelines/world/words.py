"""The publishers' vocabulary, exactly as they spell it, and the names that the truth uses.

Belongs here: column names, drug names, weekdays, and which word stands for what of the truth. Does not belong here:
names of places (`places`), any share of words (`numbers/`).
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
# What is true of a report row beside its text; what a publisher does not set is false.
FLAGS = [
    "hid_origin", "hid_departure", "hid_transit", "hid_destination", "hid_mode", "month_only", "unit_slip",
    "zero_amount", "no_amount", "edge_space", "line_break", "is_duplicate", "is_late", "is_restated",
]
# The truth's names of things, by commodity group; drugs are named as IDS names them.
GROUPS = {
    "cocaine": ["Cocaine HCL", "Cocaine Base", "Coca paste", "Crack", "Coca leaf"],
    "heroin": ["Heroin", "Morphine"], "opium": ["Opium"], "methamphetamine": ["Methamphetamine"],
    "ecstasy": ["Ecstasy"], "amphetamine": ["Amphetamine", "Captagon"], "nps_other": ["Ketamine"],
    "precursors": ["Pseudoephedrine"], "khat_plant_nps": ["Khat"], "sedatives": ["GHB"],
    "synthetic_cathinones": ["Mephedrone"], "cannabis": ["Cannabis herb", "Skunk", "Cannabis resin"],
    "opioids_pharmaceutical": ["Tramadol"],
    "firearms": ["pistol", "revolver", "rifle", "shotgun", "submachine_gun"], "ammunition": ["ammunition"],
    "cash": ["cash_currency"], "falsified_antimalarials": ["falsified_antimalarial"],
    "falsified_antibiotics": ["falsified_antibiotic"], "falsified_analgesics": ["falsified_analgesic"],
    "falsified_opioid_analgesics": ["falsified_opioid_analgesic"],
    "falsified_other_medicines": [
        "falsified_cardiovascular", "falsified_erectile_dysfunction", "falsified_hormone", "falsified_other",
    ],
    "timber": ["timber_logs", "timber_sawn"], "charcoal": ["charcoal"], "gold": ["gold", "gold_bar"],
    "ores": ["ore_unspecified"], "mercury": ["mercury_elemental"], "plastic_waste": ["plastic_waste"],
    "e_waste": ["e_waste"], "hazardous_waste": ["hazardous_waste"],
    "pangolin": [
        "pangolin_scales", "pangolin_skin", "pangolin_body", "pangolin_live", "pangolin_medicine", "pangolin_leather",
    ],
}
GROUP_OF = {product: group for group, products in GROUPS.items() for product in products}
POLICE_DRUGS = {
    "Coca paste": "BASUCO", "Cocaine Base": "BASE DE COCA", "Cocaine HCL": "COCAINA", "Heroin": "HEROINA",
    "Cannabis herb": "MARIHUANA",
}
BRAZIL_DRUGS = {
    "Cocaine HCL": "cocaina", "Cocaine Base": "cocaina", "Coca paste": "cocaina", "Crack": "cocaina",
    "Cannabis herb": "maconha", "Skunk": "skunk", "Cannabis resin": "haxixe", "Ecstasy": "ecstasy",
    "Methamphetamine": "metanfetamina", "Amphetamine": "anfetamina",
}
# Not in IDS: the publicly mirrored extract has no cannabis, and tramadol is not under international control.
NOT_IN_IDS = frozenset({*GROUPS["cannabis"], "Tramadol"})
ANNUAL_DRUGS = {
    "Cocaine HCL": ("Cocaine-type", "Cocaine salts"), "Crack": ("Cocaine-type", "Crack"),
    "Cocaine Base": ("Cocaine-type", "Coca paste/cocaine base"), "Coca leaf": ("Cocaine-type", "Coca leaf"),
    "Coca paste": ("Cocaine-type", "Coca paste/cocaine base"), "Heroin": ("Opioids", "Heroin"),
    "Morphine": ("Opioids", "Illicit morphine"), "Opium": ("Opioids", "Opium"),
    "Tramadol": ("Opioids", "Pharmaceutical opioids"),
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
# The workbook of the World Drug Report: group, subgroup, name.
_ATS = "Amphetamine-type stimulants (excluding “ecstasy”)"
_CANNABIS = "Cannabis-type drugs (excluding synthetic cannabinoids)"
WDR_DRUGS = {
    "Cocaine HCL": ("Cocaine-type", "Cocaine", "Cocaine hydrochloride"),
    "Crack": ("Cocaine-type", "Cocaine", '"Crack" cocaine'),
    "Cocaine Base": (
        "Cocaine-type", "Cocaine", "Coca paste/refined cocaine base (intermediate products) (please specify)",
    ),
    "Coca paste": (
        "Cocaine-type", "Cocaine", "Coca paste/refined cocaine base (intermediate products) (please specify)",
    ),
    "Coca leaf": ("Cocaine-type", "Coca-type", "Coca leaf"), "Heroin": ("Opioids", "Opiates", "Heroin"),
    "Morphine": ("Opioids", "Opiates", "Illicit morphine"), "Opium": ("Opioids", "Opiates", "Opium"),
    "Tramadol": ("Opioids", "Pharmaceutical opioids", "Tramadol"),
    "Methamphetamine": (_ATS, "Methamphetamine", "Methamphetamine"),
    "Amphetamine": (_ATS, "Amphetamine", "Amphetamine"), "Captagon": (_ATS, "Amphetamine", '"Captagon"'),
    "Ecstasy": (
        "“Ecstasy”-type substances", "“Ecstasy”-type substances", "3,4-methylenedioxymethamphetamine (MDMA)",
    ),
    "Ketamine": ("NPS", "Ketamine and phencyclidine-type substances", "Ketamine and phencyclidine-type substances"),
    "Pseudoephedrine": ("Precursors", "Precursors", "Pseudoephedrine"),
    "GHB": ("Sedatives and tranquillizers", "GBL/GHB", "Gamma-Hydroxybutyric acid (GHB)"),
    "Khat": ("NPS", "Plant-based NPS", "Khat"),
    "Mephedrone": (_ATS, "Other stimulants", "Mephedrone (4-methylmethcathinone, 4-MMC)"),
    "Cannabis herb": (_CANNABIS, "Cannabis herb (marijuana)", "Cannabis herb (marijuana)"),
    "Skunk": (_CANNABIS, "Cannabis herb (marijuana)", "Cannabis herb (marijuana)"),
    "Cannabis resin": (_CANNABIS, "Cannabis resin (hashish)", "Cannabis resin (hashish)"),
}
CARIBBEAN_LINES = {"Cocaine HCL": 1, "Cannabis herb": 2, "pistol": 3, "ammunition": 4, "cash_currency": 5}
ROUTING = {
    "departure": "Border - outbound", "transit": "Border - transit/free trade zone",
    "destination": "Border - inbound", "domestic": "National territory/domestic seizure",
}
DAYS = ["Lunes", "Martes", "Miércoles", "Jueves", "Viernes", "Sábado", "Domingo"]
