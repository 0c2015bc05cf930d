"""Words that publishers use, in English, Spanish, French and Portuguese: of headers, of "not known", of totals.

Belongs here: lists of words, and the finding of one in a header. Does not belong here: what is concluded from it
(`guess_columns`). All words stand without accents and in lower case, as `bare` gives them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache

from babel import Locale

from schemas.contracts import LANGUAGES, Language


def bare(text: str) -> str:
    """A text without accents, capitals and marks, its words parted by one space: `N° op.` becomes `n op`."""
    spaced = re.sub(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])", " ", text)
    letters = unicodedata.normalize("NFKD", spaced.replace("º", "").replace("°", ""))
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter)).casefold()
    return " ".join(re.findall(r"[a-z0-9%$€£³²]+", plain))


def header_strength(header: str, phrases: tuple[str, ...]) -> float:
    """How well a header says one of some phrases: 1 where it says nothing else, 0 where it says none of them."""
    best = 0.0
    for name in (bare(part) for part in (header, *re.split(r"[/|(\[]", header))):
        words = name.split()
        for phrase in phrases:
            said = phrase.split()
            at = next((n for n in range(len(words) - len(said) + 1) if words[n : n + len(said)] == said), None)
            if at is not None:
                best = max(best, 1.0 if said == words else 0.35 + 0.5 * len(said) / len(words))
    return best


def _words(*lines: str) -> tuple[str, ...]:
    return tuple(phrase.strip() for line in lines for phrase in line.split(","))


SEIZURE_WORDS: Mapping[str, tuple[str, ...]] = {
    "seized": _words(
        "date of seizure, seizure date, date seized, seized on, seized, date, incident date, interception date",
        "when, fecha de incautacion, fecha incautacion, fecha de decomiso, fecha del hecho, fecha hecho, fecha",
        "date de saisie, date de la saisie, date saisie, date des faits, data da apreensao, data de apreensao",
        "data apreensao, data do facto, data do fato, data",
    ),
    "commodity": _words(
        "drug, drug name, drug type, type of drug, substance, commodity, product, goods, item, seized item",
        "weapon type, type of weapon, firearm type, species, contraband, narcotic, kind of goods, droga",
        "tipo de droga, sustancia, estupefaciente, clase de estupefaciente, producto, mercancia, tipo de arma, arma",
        "especie, tipo de sustancia, tipo de mercancia, drogue, type de drogue, stupefiant, produit, marchandise",
        "nature, nature du produit, substance saisie, espece, type d arme, arme, tipo de entorpecente, entorpecente",
        "substancia, produto, mercadoria, especie apreendida, material",
    ),
    "quantity": _words(
        "quantity, qty, amount, weight, net weight, gross weight, quantity seized, amount seized, total weight",
        "volume, number of items, count, mass, cantidad, cantidad incautada, peso, peso neto, peso bruto, quantite",
        "qte, quantite saisie, poids, poids net, poids brut, nombre, quantidade, qtd, qtde, quantidade apreendida",
        "peso liquido, montante, valor, cant",
    ),
    "unit": _words(
        "unit, units, unit of measure, measure, measurement, measurement unit, uom, quantity unit, unidad, unidades",
        "unidad de medida, medida, um, unite, unites, unite de mesure, mesure, unidade, unidade de medida, unid",
        "und",
    ),
    "currency": _words("currency, moneda, devise, monnaie, moeda, divisa"),
    "record_id": _words(
        "id, record id, record no, record number, record, reference, ref, ref no, no, num, number, n, nr, serial no",
        "registro, numero, n de registro, numero de registro, referencia, id registro, folio, acta, n acta",
        "identifiant, n d enregistrement, numero d enregistrement, n de pv, pv, n do auto, auto, processo",
        "n do registro, case no, case number, case id, caso, n de caso, numero de caso, dossier, n dossier",
        "seizure id, seizure no, uid, uuid, rowid, n op, op no",
    ),
    "departure": _words(
        "departure, country of departure, departure country, from, country from, coming from, sent from, provenance",
        "exporter, shipped from, loading, port of loading, route from, country of provenance, exporting country",
        "export country, embarkation, procedencia, pais de procedencia, pais procedencia, salida, pais de salida",
        "lugar de salida, embarque, partida, pais de partida, desde, pays de provenance, depart, pays de depart",
        "en provenance de, de, provenance pays, embarquement, proveniencia, pais de proveniencia, saida",
        "pais de embarque",
    ),
    "origin": _words(
        "origin, country of origin, orig, origin country, producing country, production country, source country",
        "made in, country of manufacture, manufactured in, source, origen, pais de origen, pais origen",
        "pais productor, pais de fabricacion, fabricacion, origine, pays d origine, pays origine, pays producteur",
        "pays de fabrication, origem, pais de origem, pais produtor, pais de fabrico",
    ),
    "transit": _words(
        "transit, transit country, country of transit, via, transited through, transhipment, transshipment",
        "transito, pais de transito, pais transito, transbordo, escala, pays de transit, transbordement, escale",
        "em transito por",
    ),
    "destination": _words(
        "destination, dest, country of destination, destination country, final destination, intended destination",
        "bound for, importer, to, country to, going to, port of discharge, discharge, importing country, route to",
        "destino, pais de destino, pais destino, destino final, hacia, para, pays de destination, pays destination",
        "vers, a destination de, destination finale, descarga, pais de chegada",
    ),
    "transport_mode": _words(
        "mode, mode of transport, transport mode, transport, means of transport, conveyance, vehicle type",
        "vessel type, type of vessel, transportation, medio de transporte, medio transporte, transporte",
        "modo de transporte, medio, tipo de vehiculo, tipo de embarcacion, moyen de transport, mode de transport",
        "moyen, type de navire, type de vehicule, meio de transporte, meio, modo, modal, tipo de veiculo",
        "via de transporte",
    ),
    "concealment": _words(
        "concealment, concealment method, method of concealment, hiding place, hidden in, hiding method",
        "modus operandi, how concealed, ocultamiento, ocultacion, metodo de ocultamiento, modo de ocultamiento",
        "escondite, lugar de ocultamiento, forma de ocultamiento, modalidad, caleta, dissimulation",
        "mode de dissimulation, cache, cachette, methode de dissimulation, lieu de dissimulation, ocultacao",
        "metodo de ocultacao, esconderijo, modo de ocultacao",
    ),
    "facility": _words(
        "facility, location type, type of location, type of place, place type, site type, site, premises",
        "installation, clase de sitio, tipo de lugar, tipo de sitio, instalacion, type de lieu, type d endroit",
        "lieu type, tipo de local, instalacao, where found, zone, sea area, control point type",
    ),
    "direction": _words(
        "direction, movement, flow, import export, inbound outbound, sentido, movimiento, tipo de movimiento, sens",
        "mouvement, flux, movimento",
    ),
    "admin1": _words(
        "province, parish, state, region, district, county, department, governorate, admin1, division",
        "administrative division, provincia, departamento, estado, depto, dpto, comunidad, canton, departement",
        "province de saisie, wilaya, gouvernorat, uf, regiao, distrito",
    ),
    "place_text": _words(
        "place, place of seizure, seizure location, location, city, town, municipality, locality, village, office",
        "post, border post, border crossing, port, airport, seaport, checkpoint, station, customs office",
        "post of seizure, lugar, lugar de incautacion, lugar de la incautacion, ciudad, municipio, localidad",
        "oficina, puesto, aduana, puerto, aeropuerto, puesto fronterizo, barrio, vereda, lieu, lieu de saisie",
        "lieu de la saisie, ville, localite, commune, bureau, poste, bureau de douane, aeroport, poste frontiere",
        "local, local da apreensao, cidade, posto, porto, aeroporto, alfandega, posto fronteirico, concelho",
        "freguesia, where",
    ),
    "place_code": _words(
        "iata, iata code, locode, un locode, unlocode, airport code, port code, codigo iata, code iata, airport",
        "port, aeropuerto, aeroport, aeroporto, puerto, porto, station",
    ),
    "lat": _words("lat, latitude, latitud, lat dd, y"),
    "lon": _words("lon, long, lng, longitude, longitud, lon dd, x"),
    "position": _words(
        "position, coordinates, gps, gps coordinates, lat lon, coordenadas, posicion, ubicacion gps, coordonnees",
        "coordonnees gps, position gps, posicao, lat long",
    ),
    "weekday": _words(
        "weekday, day of week, day of the week, day, dia, dia de la semana, dia semana, jour, jour de la semana",
        "jour de la semaine, dia da semana",
    ),
    "agency": _words(
        "agency, seizing agency, service, authority, seizing authority, law enforcement agency, organisation, force",
        "organismo, institucion, autoridad, entidad, fuerza, unidad policial, cuerpo, institution, autorite",
        "service saisissant, corps, organe, orgao, instituicao, autoridade, servico, forca",
    ),
    "vessel_flag": _words("flag, vessel flag, flag state, bandera, pabellon, pavillon, bandeira, pavilhao"),
    "seal_state": _words(
        "seal, seal state, seal status, precinto, estado del precinto, scelle, plombage, lacre, selo",
    ),
    "bill_of_lading": _words(
        "bill of lading, bl type, conocimiento de embarque, connaissement, conhecimento de embarque",
    ),
    "calibre_class": _words("calibre, caliber, calibre class, clase de calibre, classe de calibre"),
    "inn": _words("inn, active ingredient, active substance, principio activo, principe actif, principio ativo, dci"),
    "reporter": _words(
        "reporter, reporting country, reporting state, seizing country, seizing state, country of seizure, country",
        "seizure country, pais informante, pais que informa, pais declarante, pais de incautacion, pais",
        "pays declarant, etat saisissant, pays de saisie, pays, pays saisissant, pais da apreensao, pais relator",
        "iso code, iso, iso3, country code, member state, etat membre, estado miembro",
    ),
}  # fmt: skip
OUTCOME_WORDS: Mapping[str, tuple[str, ...]] = {
    "case_id": _words(
        "case id, case no, case number, case, court file, docket, expediente, n de expediente, numero de expediente",
        "causa, caso, dossier, n de dossier, numero de dossier, affaire, processo, n do processo",
        "numero do processo, inquerito",
    ),
    "seizure_ref": _words(
        "seizure ref, seizure reference, seizure no, seizure id, n de incautacion, incautacion, ref incautacion",
        "n de saisie, reference de saisie, n de apreensao, ref apreensao, auto de apreensao",
    ),
    "stage": _words(
        "stage, case stage, etapa, etapa procesal, etape, phase, fase, fase processual, etat de la procedure",
    ),
    "stage_state": _words("outcome, result, status, resultado, resultat, issue, estado, desfecho, situacao"),
    "stage_date": _words(
        "stage date, date, decision date, fecha, fecha de etapa, date de l etape, date de decision, data",
        "data da decisao",
    ),
    "instrument": _words(
        "instrument, legal basis, convention, instrumento, base legal, base juridique, base juridica",
    ),
    "persons_f": _words("women, female, females, mujeres, femmes, mulheres, femenino, feminino"),
    "persons_m": _words("men, male, males, hombres, hommes, homens, masculino, masculin"),
    "persons_x": _words("other sex, other gender, otro, otros, autre, autres, outro, outros"),
    "persons_unknown": _words(
        "sex unknown, gender unknown, sexo sin dato, sexe inconnu, sexo desconhecido, sexo desconocido",
    ),
    "proceeds": _words(
        "proceeds, amount confiscated, confiscated, monto decomisado, decomiso, montant confisque, valor confiscado",
    ),
    "currency": SEIZURE_WORDS["currency"],
    "reporter": SEIZURE_WORDS["reporter"],
}  # fmt: skip
YEAR_WORDS = _words("year, fy, ano, annee, anio, año, fiscal year, reporting year, exercice, gestion")
MONTH = _words("month, mes, mois")
FISCAL = _words("fiscal, fiscal year, fy, ejercicio fiscal, exercice budgetaire, exercice fiscal, ano fiscal")
VINTAGE = _words(
    "updated, updated at, updated on, last update, last updated, modified, as of, actualizado, actualizacion",
    "fecha de actualizacion, fecha actualizacion, mise a jour, date de mise a jour, atualizado, atualizacao",
    "data de atualizacao",
)
OTHER_DATES = _words(
    "registered, registration, report date, entered, entry date, registro, fecha de registro, fecha de reporte",
    "enregistrement, date d enregistrement, data de registo, data de registro, trial, arrest",
)
EVENTS = _words(
    "events, count of event, number of seizures, seizures, cases, number of cases, casos, incautaciones",
    "nombre de saisies, saisies, apreensoes, numero de apreensoes, numero de casos, numero de incautaciones",
)
HECTARES = _words("hectares, ha, hectareas, area ha, superficie, superficie ha, area")

PERSONAL: Mapping[str, tuple[str, ...]] = {
    "name of a person": _words(
        "name, full name, first name, last name, surname, family name, nombre, nombres, apellido, apellidos, nom",
        "prenom, noms, nom et prenom, nome, nome completo, sobrenome, apelido, alias",
    ),
    "says who a person is": _words(
        "officer, agent, judge, juez, juge, juiz, prosecutor, seizing officer, reporting officer, investigator",
        "inspector, suspect, suspects, arrested, arrestee, accused, defendant, offender, passenger, courier, driver",
        "owner, captain, declarant, informant, contact, contact person, oficial, agente, funcionario, investigador",
        "sospechoso, detenido, detenidos, capturado, imputado, acusado, pasajero, conductor, propietario, dueno",
        "capitan, responsable, firma, agent verbalisateur, enqueteur, officier, prevenu, mis en cause, suspecte",
        "accuse, passager, chauffeur, conducteur, proprietaire, capitaine, agente responsavel, suspeito, detido",
        "autuado, passageiro, motorista, condutor, proprietario, capitao, declarante, infrator, reu, arguido",
        "perito",
    ),
    "number of an identity document": _words(
        "passport, passport no, passport number, identity, id card, id number, id document, national id, document",
        "pasaporte, cedula, dni, documento, documento de identidad, carnet, rut, curp, passeport, piece d identite",
        "cni, carte d identite, passaporte, cpf, rg, bi, documento de identidade, identidade, nif",
    ),
    "nationality, sex or age of a person": _words(
        "nationality, citizenship, sex, gender, age, date of birth, dob, birth, nacionalidad, sexo, genero, edad",
        "fecha de nacimiento, nacimiento, nationalite, sexe, genre, date de naissance, naissance, nacionalidade",
        "idade, data de nascimento, nascimento, occupation, ocupacion, profession, profesion, profissao",
    ),
    "address or number of a person": _words(
        "phone, telephone, mobile, email, e mail, address, home address, telefono, celular, correo, direccion",
        "domicilio, tel, portable, courriel, adresse, telefone, telemovel, endereco, morada",
    ),
    "leads to an owner": _words(
        "plate, licence plate, license plate, registration plate, vehicle registration, placa, placas, matricula",
        "immatriculation, plaque, matricula do veiculo, serial number, serial, serie, numero de serie, n de serie",
        "imo, mmsi, vessel name, ship name, nombre de la nave, nombre del buque, nom du navire, nome do navio",
        "consignee, shipper, consignor, consignatario, destinatario, expedidor, remitente, destinataire, expediteur",
        "remetente, importer, exporter, importador, exportador, importateur, exportateur, company, empresa, societe",
        "awb, tracking, flight, flight no, flight number, vuelo, n de vuelo, vol, n de vol, voo, n do voo, licencia",
        "licence no",
    ),
}  # fmt: skip
NAMES_OF_THINGS = _words(
    "drug name, product name, place name, country name, name of drug, nombre de la droga, nombre del lugar",
    "nombre del producto, nom du produit, nom du pays, nom du lieu, nome do produto, nome da droga, substance name",
    "commodity name, nom de la drogue, nom de la substance, nombre de la sustancia, port name, airport name",
    "species name, scientific name, nombre cientifico, nom scientifique, nome cientifico, nombre del pais",
)
FREE_TEXT = _words(
    "remarks, remark, comments, comment, notes, note, narrative, description, details, summary, circumstances",
    "facts, observaciones, observacion, comentarios, comentario, notas, narrativa, descripcion, detalle, detalles",
    "resumen, relato, hechos, circunstancias, observations, observation, remarques, commentaires, commentaire",
    "circonstances, resume, faits, recit, observacoes, observacao, descricao, detalhes, resumo, historico, obs",
)

UNITS = {
    "kg": "kilogram", "kgs": "kilogram", "kilo": "kilogram", "kilos": "kilogram", "g": "gram", "gr": "gram",
    "grs": "gram", "gm": "gram", "gms": "gram", "mg": "milligram", "lb": "pound", "lbs": "pound", "libras": "pound",
    "oz": "ounce", "t": "tonne", "tm": "tonne", "tons": "tonne", "toneladas": "tonne", "tonnes": "tonne", "l": "litre",
    "lt": "litre", "lts": "litre", "litros": "litre", "litres": "litre", "liters": "litre", "ml": "millilitre",
    "m3": "cubic_metre", "m³": "cubic_metre", "ha": "hectare", "no": "unit", "nb": "unit", "nbr": "unit", "n": "unit",
    "number": "unit", "nombre": "unit", "numero": "unit", "pcs": "unit", "pc": "unit", "u": "unit", "und": "unit",
    "unidad": "unit", "unidades": "unit", "unite": "unit", "unites": "unit", "units": "unit", "count": "unit",
    "each": "unit", "ea": "unit",
    "rounds": "round", "doses": "dose", "dosis": "dose", "tablets": "tablet", "comprimes": "tablet",
    "comprimidos": "tablet", "tabletas": "tablet", "plants": "plant", "plantas": "plant", "plantes": "plant",
}  # fmt: skip
"""Units as they stand in headers and behind numbers, as `bare` gives them."""


def _spellings(**codes: str) -> dict[str, str]:
    return {spelling.strip(): code for code, spellings in codes.items() for spelling in spellings.split(",")}


SPELLINGS: Mapping[str, Mapping[str, str]] = {
    "units": UNITS,
    "transport_modes": _spellings(
        air_unspecified=(
            "air, by air, aereo, via aerea, aerea, aerien, aerienne, voie aerienne, par avion, aircraft,"
            "avion, avioneta, aeronave, plane, airplane, aviao"
        ),
        sea_unspecified=(
            "sea, by sea, maritime, maritimo, via maritima, maritima, voie maritime, boat, ship, vessel,"
            "lancha, barco, bateau, navire, buque, navio, embarcacion, embarcacao"
        ),
        road_unspecified=(
            "road, by road, land, overland, terrestre, via terrestre, voie terrestre, routier, route,"
            "rodoviario, carretera, vehicle, vehiculo, vehicule, veiculo"
        ),
        road_commercial=(
            "truck, lorry, trailer, camion, poids lourd, caminhao, tractomula, bus, coach, autobus, onibus,autocar"
        ),
        road_private=(
            "car, private car, voiture, auto, automovil, coche, carro, motorcycle, motorbike, moto,motocicleta"
        ),
        rail="rail, train, tren, trem, comboio, ferroviario, ferroviaire, voie ferree, via ferrea",
        inland_water="river, fluvial, via fluvial, voie fluviale, canoe, pirogue",
        post=(
            "post, postal, mail, by post, via postal, voie postale, correo, correos, courrier, colis postal,"
            "parcel, courier, encomienda, correio"
        ),
        pedestrian="foot, on foot, pedestrian, peaton, a pie, a pied, pieton, a pe, pedestre",
        air_commercial="commercial flight, vuelo comercial, vol commercial, voo comercial, airline",
        sea_commercial="container ship, cargo ship, buque portacontenedores, porte conteneurs, porta contentores",
    ),
    "areas": _spellings(
        GBR=(
            "uk, u k, united kingdom, great britain, england, inglaterra, angleterre, reino unido,"
            "royaume uni, gran bretana"
        ),
        USA=("usa, u s a, us, u s, united states, eeuu, ee uu, ee uu a, eua, e u a, estados unidos,etats unis"),
        ARE="uae, u a e, emirates, dubai, emiratos, emirats, eau",
        NLD="holland, holanda, hollande, the netherlands, paises bajos, pays bas, paises baixos",
        COD="drc, d r c, rdc, dr congo, rd congo, congo kinshasa",
        CIV="ivory coast, cote d ivoire, costa de marfil, costa do marfim",
        CPV="cape verde, cabo verde, cap vert",
        DOM="dominican rep, rep dominicana, rep dominicaine, republica dominicana",
        TTO="trinidad, trinidad y tobago, trinite et tobago",
    ),
    "concealments": _spellings(
        baggage=(
            "luggage, suitcase, suitcases, maleta, maletas, valise, valises, bagage, bagages, equipaje, mala,bagagem"
        ),
        swallowed=(
            "swallowed, ingested, in body, in corpore, in stomach, body packing, ingerido, ingeridas, ingere,"
            "ingestion, engolido"
        ),
        on_body=("on body, on the body, strapped to body, adherido al cuerpo, sur le corps, junto ao corpo,no corpo"),
        double_bottom="false bottom, doble fondo, double fond, fundo falso",
    ),
    "commodities": _spellings(
        cannabis_herb="liamba, soruma, suruma, diamba, maconha, marihuana, marijuana, weed, ganja, dagga, bhang, yamba",
        cannabis_resin="hashish, haxixe, hachis, haschich, charas",
        methamphetamine="ice, crystal meth, tik, meth, crystal",
        mdma_ecstasy="ecstasy, extasis, mdma",
    ),
}
"""Common spellings of codes that no lookup of the project need have, as `bare` gives them, by closed list."""

NOT_KNOWN = frozenset(
    {
        "", "-", "--", "---", "–", "—", "?", "??", ".", "..", "...", "*", "n/a", "n.a.", "n.a", "nd", "n.d.", "n.d",
        "n/d", "s/d", "s.d.", "sd", "s/i", "s/n", "null", "nil", "none", "nan", "unknown", "not known", "unk",
        "not specified", "unspecified", "not stated", "not available", "not reported", "undetermined", "tbc", "tbd",
        "desconocido", "desconocida", "no especificado", "no especificada", "sin dato", "sin datos", "sin informacion",
        "no definido", "no determinado", "por determinar", "por establecer", "ignorado", "ignorada", "no aplica",
        "no registra", "no reporta", "sin especificar", "se desconoce", "inconnu", "inconnue", "inconnus", "inconnues",
        "non precise", "non precisee", "non renseigne", "non renseignee", "non communique", "indetermine",
        "indeterminee", "non determine", "non determinee", "neant", "sans objet", "desconhecido", "desconhecida",
        "nao informado", "nao informada", "nao especificado", "nao especificada", "sem informacao", "sem dados",
        "nao consta", "nao aplicavel", "nao identificado", "nao se aplica", "por identificar", "por apurar",
        "nao disponivel", "no disponible", "non disponible", "a determiner", "nr", "nc", "ns", "na", "n.r.", "n.c.",
        "np",
    }
)  # fmt: skip
"""As `folded` gives them."""
OTHER = frozenset({"other", "others", "otro", "otra", "otros", "otras", "autre", "autres", "outro", "outra", "outros"})
TOTAL = frozenset(
    {"total", "totals", "grand total", "sum", "total general", "gran total", "totales", "suma", "totaux",
     "total generale", "somme", "ensemble", "total geral", "totais", "soma", "subtotal", "totaal"}
)  # fmt: skip
NOTE = ("source", "fuente", "fonte", "note", "nota", "notes", "notas", "remarque", "obs", "observacion", "elaborado")


def folded(text: str) -> str:
    """A cell without accents and capitals, its marks kept: so that `-` and `?` stay what they are."""
    letters = unicodedata.normalize("NFKD", text.strip())
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).casefold()


def is_not_known(cell: str, *, among_codes: bool = False) -> bool:
    """Whether a cell says that nothing is known. Among codes of two letters NA is Namibia and SD the Sudan."""
    return folded(cell) in NOT_KNOWN and not (among_codes and re.fullmatch("[A-Za-z]{2}", cell))


@cache
def weekdays(language: Language) -> Mapping[str, int]:
    """Names of weekdays, wide and short, to their ISO number: Monday is 1."""
    found: dict[str, int] = {}
    for context in ("format", "stand-alone"):
        for width in ("wide", "abbreviated"):
            for number, name in Locale(language).days[context][width].items():
                word = folded(str(name)).rstrip(".")
                for spelling in {word, *({word.removesuffix("-feira")} if language == "pt" else set())}:
                    found.setdefault(spelling, int(number) + 1)
    return found


WEEKDAY_LANGUAGES: tuple[Language, ...] = LANGUAGES
