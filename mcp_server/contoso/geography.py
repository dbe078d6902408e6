"""Where Contoso has customers: cities, money, names of people, and the addresses that each country's network uses.

All currencies have two decimals. Network addresses come from 198.18.0.0/15 and 203.0.113.0/24, which RFC 2544 and
RFC 5737 set apart for tests and documentation, so that none is anybody's.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

EARTH_RADIUS_KM = 6371.0


@dataclass(frozen=True)
class City:
    name: str
    latitude: float
    longitude: float


@dataclass(frozen=True)
class Country:
    """`units_per_usd` is a rounded rate that makes prices look right, no more."""

    code: str
    name: str
    currency: str
    units_per_usd: float
    cities: tuple[City, ...]
    given_names: tuple[str, ...]
    family_names: tuple[str, ...]
    roams_in: tuple[str, ...]
    """Countries where every plan from here works as at home."""
    network: int
    """Which 16th of 198.18.0.0/16 its addresses come from."""

    def address(self, number: int) -> str:
        """The address that the network gives to its connection `number`, 0 to 4063."""
        block, host = divmod(number, 254)
        return f"198.18.{self.network * 16 + block}.{host + 1}"


_EUROPE = ("DE", "ES", "FR", "IT", "NL", "PL", "PT", "SE")
_NORTH_AMERICA = ("CA", "MX", "US")


def _country(
    code: str,
    name: str,
    currency: str,
    units_per_usd: float,
    cities: tuple[City, ...],
    given_names: str,
    family_names: str,
    network: int,
) -> Country:
    zone = next((zone for zone in (_EUROPE, _NORTH_AMERICA) if code in zone), (code,))
    return Country(
        code=code,
        name=name,
        currency=currency,
        units_per_usd=units_per_usd,
        cities=cities,
        given_names=tuple(given_names.split()),
        family_names=tuple(family_names.split()),
        roams_in=tuple(other for other in zone if other != code),
        network=network,
    )


_ALL = (
    _country(
        "US", "United States", "USD", 1.0,
        (City("New York", 40.71, -74.01), City("Chicago", 41.88, -87.63), City("Seattle", 47.61, -122.33),
         City("Austin", 30.27, -97.74), City("Atlanta", 33.75, -84.39)),
        "Olivia James Emma William Ava Benjamin Sophia Henry Grace Daniel Hannah Marcus",
        "Anderson Brooks Carter Davis Edwards Foster Griffin Hughes Johnson Miller Parker Turner", 0,
    ),
    _country(
        "GB", "United Kingdom", "GBP", 0.8,
        (City("London", 51.51, -0.13), City("Manchester", 53.48, -2.24), City("Edinburgh", 55.95, -3.19)),
        "Amelia Oliver Isla George Poppy Harry Freya Arthur Imogen Rhys Alisha Callum",
        "Ashworth Bennett Clarke Davies Fletcher Graham Hargreaves Kaur Lewis Patel Thompson Wright", 1,
    ),
    _country(
        "DE", "Germany", "EUR", 0.9,
        (City("Berlin", 52.52, 13.41), City("Munich", 48.14, 11.58), City("Hamburg", 53.55, 9.99)),
        "Anna Lukas Marie Jonas Lena Felix Katharina Moritz Johanna Jörg Elif Sebastian",
        "Becker Fischer Hoffmann Klein Krüger Müller Neumann Schäfer Schmidt Vogel Weber Yilmaz", 2,
    ),
    _country(
        "FR", "France", "EUR", 0.9,
        (City("Paris", 48.86, 2.35), City("Lyon", 45.76, 4.84), City("Toulouse", 43.6, 1.44)),
        "Camille Louis Chloé Hugo Manon Antoine Élodie Julien Inès Théo Amira Mathieu",
        "Bernard Chevalier Dubois Fontaine Garnier Lambert Lefèvre Martin Moreau Petit Rousseau Benali", 3,
    ),
    _country(
        "ES", "Spain", "EUR", 0.9,
        (City("Madrid", 40.42, -3.7), City("Barcelona", 41.39, 2.17), City("Seville", 37.39, -5.99)),
        "Lucía Hugo Carmen Pablo Marta Javier Elena Álvaro Paula Diego Noelia Andrés",
        "Álvarez Castro Domínguez Fernández García Herrera Jiménez Molina Navarro Ortega Romero Vidal", 4,
    ),
    _country(
        "IT", "Italy", "EUR", 0.9,
        (City("Rome", 41.9, 12.5), City("Milan", 45.46, 9.19), City("Naples", 40.85, 14.27)),
        "Giulia Leonardo Chiara Matteo Francesca Alessandro Martina Lorenzo Sara Davide Elisa Marco",
        "Bianchi Colombo Conti Esposito Ferrari Gallo Greco Marino Ricci Romano Rossi Vitale", 5,
    ),
    _country(
        "NL", "Netherlands", "EUR", 0.9,
        (City("Amsterdam", 52.37, 4.9), City("Rotterdam", 51.92, 4.48), City("Utrecht", 52.09, 5.12)),
        "Sanne Daan Femke Bram Lotte Sem Fleur Thijs Anouk Ruben Yara Jasper",
        "Bakker Brouwer Dekker Hendriks Jansen Kuipers Meijer Mulder Peters Smit Visser Vos", 6,
    ),
    _country(
        "PL", "Poland", "PLN", 4.0,
        (City("Warsaw", 52.23, 21.01), City("Kraków", 50.06, 19.94), City("Gdańsk", 54.35, 18.65)),
        "Zuzanna Jakub Maja Szymon Agnieszka Piotr Magdalena Tomasz Ewa Marek Alicja Michał",
        "Dudek Kaczmarek Krawczyk Mazur Nowak Pawlak Sikora Stępień Wieczorek Wójcik Wróbel Zając", 7,
    ),
    _country(
        "PT", "Portugal", "EUR", 0.9,
        (City("Lisbon", 38.72, -9.14), City("Porto", 41.15, -8.61)),
        "Beatriz João Inês Tiago Mariana Rui Catarina Nuno Sofia Miguel Leonor Gonçalo",
        "Almeida Carvalho Costa Ferreira Fonseca Lopes Marques Pereira Ribeiro Santos Silva Teixeira", 8,
    ),
    _country(
        "SE", "Sweden", "SEK", 10.0,
        (City("Stockholm", 59.33, 18.07), City("Gothenburg", 57.71, 11.97), City("Malmö", 55.6, 13.0)),
        "Astrid Erik Ebba Oskar Elsa Nils Maja Gustav Linnéa Axel Sara Viktor",
        "Andersson Berg Ekström Forsberg Holm Johansson Karlsson Lindqvist Nilsson Nyström Sandberg Åberg", 9,
    ),
    _country(
        "CA", "Canada", "CAD", 1.4,
        (City("Toronto", 43.65, -79.38), City("Vancouver", 49.28, -123.12), City("Montréal", 45.5, -73.57)),
        "Charlotte Liam Zoé Noah Madison Ethan Aurélie Logan Priya Gabriel Mei Connor",
        "Bouchard Campbell Chan Fraser Gagnon MacDonald Morin Roy Singh Stewart Tremblay Wilson", 10,
    ),
    _country(
        "MX", "Mexico", "MXN", 18.0,
        (City("Mexico City", 19.43, -99.13), City("Guadalajara", 20.67, -103.35), City("Monterrey", 25.69, -100.32)),
        "Valentina Santiago Ximena Mateo Fernanda Emiliano Daniela Rodrigo Regina Luis Camila Óscar",
        "Aguilar Cervantes Delgado Espinoza Flores González Hernández Mendoza Ramírez Salazar Torres Zamora", 11,
    ),
    _country(
        "BR", "Brazil", "BRL", 5.0,
        (City("São Paulo", -23.55, -46.63), City("Rio de Janeiro", -22.91, -43.17), City("Recife", -8.05, -34.88)),
        "Ana Pedro Larissa Gustavo Juliana Rafael Isabela Thiago Letícia Bruno Camila Vinícius",
        "Araújo Barbosa Cardoso Dias Gomes Lima Moreira Nascimento Oliveira Rocha Souza Vieira", 12,
    ),
    _country(
        "IN", "India", "INR", 80.0,
        (City("Mumbai", 19.08, 72.88), City("Bengaluru", 12.97, 77.59), City("Delhi", 28.61, 77.21)),
        "Aarav Ananya Rohan Diya Vikram Meera Arjun Kavya Sanjay Nisha Imran Lakshmi",
        "Agarwal Banerjee Chopra Desai Gupta Iyer Khan Mehta Nair Rao Sharma Verma", 13,
    ),
    _country(
        "AU", "Australia", "AUD", 1.5,
        (City("Sydney", -33.87, 151.21), City("Melbourne", -37.81, 144.96), City("Perth", -31.95, 115.86)),
        "Matilda Jack Ruby Lachlan Chloe Cooper Evie Hamish Mia Angus Thuy Declan",
        "Barrett Cameron Doyle Fitzgerald Harris Kelly Lawson Murray Nguyen O'Brien Reid Walsh", 14,
    ),
)  # fmt: skip

COUNTRIES: Mapping[str, Country] = {country.code: country for country in _ALL}


def anonymous_address(number: int) -> str:
    """An address of a hosting company that hides where its users are; `number` is 0 to 253."""
    return f"203.0.113.{number + 1}"


def distance_km(a: City, b: City) -> float:
    """Great-circle distance (haversine)."""
    lat_a, lat_b = math.radians(a.latitude), math.radians(b.latitude)
    half_lat = (lat_b - lat_a) / 2
    half_lon = math.radians(b.longitude - a.longitude) / 2
    chord = math.sin(half_lat) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(chord))
