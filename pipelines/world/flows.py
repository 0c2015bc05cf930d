"""The flows: a finite number of plans, each one chain of real places, taken up, changed and given up over time.

Belongs here: which plans there are, how heavy each is in each month, what changes on the way. Does not belong here:
whether anything is seized (`seizing`), what is said of it (`reporting`).

A flow is a sum over plans, each with its own whole chain. Nothing here is a chain of chances from place to place, and
nothing is smooth in distance or time: what a model assumes must not be what made its yardstick.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pipelines.world.draws import Numbers, draw, quotas, shares
from pipelines.world.network import Network
from pipelines.world.parameters import Parameters

Menu = tuple[str, str, str | None, str]  # origin, departure, transit, destination


@dataclass(frozen=True)
class Stop:
    """A country on the way, the part of the route that it is, and the place that the goods pass."""

    role: str
    country: str
    place: str


@dataclass(frozen=True)
class Plan:
    """One way that goods take, as long as it is in use."""

    route_id: int
    market: str
    """Of drugs across borders; or the publisher whose menu it is; or the country of a street market."""
    kind: str
    """`border`, `menu` or `domestic`."""
    products: Mapping[str, float]
    origin: str
    stops: tuple[Stop, ...]
    modes: tuple[str, ...]
    """One for each leg: between one stop and the next."""
    weight: Numbers
    """Part of the flow, by month."""
    seized_by: int | None = None
    """Of a menu: the stop at which its publisher sits."""

    def mode_at(self, stop: int) -> str:
        """How the goods travel where they are stopped: on the way out at departure, on the way in elsewhere."""
        return self.modes[max(stop - 1, 0)]


class Planner:
    """Draws the plans of one world."""

    def __init__(self, p: Parameters, net: Network, rng: np.random.Generator) -> None:
        self.p, self.net, self.rng = p, net, rng
        self.months = 12 * len(p.years)
        self.plans: list[Plan] = []

    def all_plans(self) -> list[Plan]:
        """Plans of all markets, menus and countries; `route_id` counts from 1."""
        for market in self.p.at("markets"):
            first = len(self.plans)
            self._market(market)
            self._change(market, self.plans[first:])
        total = sum(float(self.p.number(f"markets.{m}.share")) for m in self.p.at("markets"))
        for publisher in self.p.at("menus"):
            level = (
                total * self.p.number(f"publishers.{publisher}.share") / self.p.number("publishers.ids_border.share")
            )
            self._menu(publisher, level)
        for country in self.p.at("domestic"):
            self._domestic(country)
        return self.plans

    # --- one kind of plan each ---

    def _market(self, market: str) -> None:
        paths = menu_of(self.p, market)
        postal = bool(self.p.at(f"markets.{market}.postal"))
        products = self.p.mix(f"products.{market}")
        drift = self.p.numbers(f"drift.{market}") if market in self.p.at("drift") else {}
        for (path, share), copies in zip(
            paths.items(), quotas(list(paths.values()), self.p.whole(f"markets.{market}.plans")), strict=True
        ):
            for _ in range(copies):
                origin, departure, transit, destination = path
                between = [] if transit is None else [transit]
                chain = [departure, *self._second(departure, destination, between), destination]
                modes = [self._mode(one, other, postal) for one, other in pairwise(chain)]
                yearly = drift.get(departure, 1.0) ** (np.arange(self.months) // 12)
                weight = share / copies * self._window() * yearly
                self._add(market, "border", products, origin, self._stops(chain, modes), modes, weight)

    def _menu(self, publisher: str, level: float) -> None:
        menu = f"menus.{publisher}"
        mixes = {key: self.p.mix(f"{menu}.{key}") for key in
                 ("countries", "seized", "departures", "transits", "destinations", "modes")}  # fmt: skip
        number = self.p.whole(f"{menu}.plans")
        made = "origins" in self.p.at(menu)
        if made:
            mixes["origins"] = self.p.mix(f"{menu}.origins")
        drawn = {key: self._quota(mix, number) for key, mix in mixes.items()}
        first = len(self.plans)
        for i in range(number):
            role, country, mode = drawn["seized"][i], drawn["countries"][i], drawn["modes"][i]
            departure, transit, destination = (drawn[key][i] for key in ("departures", "transits", "destinations"))
            chain = {
                "departure": [country, *([] if transit == "-" else [transit]), destination],
                "transit": [departure, *([] if transit == "-" else [transit]), country, destination],
                "destination": [departure, *([] if transit == "-" else [transit]), country],
                "domestic": [country],
            }[role]
            chain = [one for at, one in enumerate(chain) if one != country or at == _seat(role, chain)]
            chain = [one for at, one in enumerate(chain) if at == 0 or one != chain[at - 1]]
            if len(chain) == 1 and role != "domestic":
                chain = [country, destination] if destination != country else [departure, country]
            stops = self._stops(chain, [mode] * max(len(chain) - 1, 1))
            at = next(number for number, stop in enumerate(stops) if stop.country == country)
            modes = [mode] * max(len(chain) - 1, 1)
            origin = drawn["origins"][i] if made else chain[0]
            self._add(publisher, "menu", self.p.mix(f"{menu}.products"), origin, stops, modes, self._window(), at)
        heavy = sum(plan.weight for plan in self.plans[first:])
        for plan in self.plans[first:]:
            plan.weight[:] = plan.weight / np.maximum(heavy, 1e-12) * level

    def _domestic(self, country: str) -> None:
        for mode, share in self.p.mix("modes.domestic").items():
            stops = (Stop("domestic", country, self.net.place(country, country, mode, 0.0)),)
            weight = np.full(self.months, float(self.p.number(f"domestic.{country}")) * share)
            self._add(country, "domestic", self.p.mix(f"found_at_home.{country}"), country, stops, [mode], weight)

    # --- their parts ---

    def _add(self, market: str, kind: str, products: Mapping[str, float], origin: str, stops: tuple[Stop, ...],
             modes: list[str], weight: Numbers, seized_by: int | None = None) -> None:  # fmt: skip
        number = len(self.plans) + 1
        self.plans.append(Plan(number, market, kind, products, origin, stops, tuple(modes), weight, seized_by))

    def _stops(self, chain: list[str], modes: list[str]) -> tuple[Stop, ...]:
        last = len(chain) - 1
        roles = ["domestic"] if last == 0 else ["departure", *["transit"] * (last - 1), "destination"]
        at = []
        for number, (role, country) in enumerate(zip(roles, chain, strict=True)):
            leg = max(number - 1, 0)
            other = chain[min(1, last)] if number == 0 else chain[number - 1]
            at.append(Stop(role, country, self.net.place(country, other, modes[leg], float(self.rng.random()))))
        return tuple(at)

    def _second(self, departure: str, destination: str, between: list[str]) -> list[str]:
        """The transits of a plan, now and then with one more where no land border is crossed."""
        if self.rng.random() >= self.p.number("plans.second_transit") or (departure, destination) in self.net.borders:
            return between
        mix = self.p.mix("plans.second_transits")
        extra = list(mix)[int(draw(self.rng, list(mix.values()), 1)[0])]
        return between if extra in (departure, destination, *between) else [extra, *between]

    def _mode(self, one: str, other: str, postal: bool) -> str:
        kind = "land" if (one, other) in self.net.borders else "postal" if postal else "overseas"
        mix = self.p.mix(f"modes.{kind}")
        return list(mix)[int(draw(self.rng, list(mix.values()), 1)[0])]

    def _window(self) -> Numbers:
        """Weight of a plan by month: nothing before it is taken up and after it is given up."""
        p, rng = self.p, self.rng
        weight = np.full(self.months, float(np.exp(p.number("plans.spread") * rng.standard_normal())))
        if rng.random() < p.number("plans.taken_up"):
            weight[: rng.integers(1, self.months // 2)] = 0
        if rng.random() < p.number("plans.given_up"):
            weight[rng.integers(self.months // 2, self.months) :] = 0
        return weight

    def _quota(self, mix: Mapping[str, float], number: int) -> list[str]:
        words = [word for word, n in zip(mix, quotas(list(mix.values()), number), strict=True) for _ in range(n)]
        return [words[i] for i in self.rng.permutation(number)]

    def _change(self, market: str, plans: list[Plan]) -> None:
        """The planted changes of flow, then the market's level: its plans' weights add up to its share."""
        shift, hub = self.p.at("changes.shift"), self.p.at("changes.hub")
        if shift["market"] == market:
            _shift(plans, shift)
        for plan in plans:
            if hub["market"] == market and any(s.role == "transit" and s.country == hub["country"] for s in plan.stops):
                plan.weight[int(hub["month"]) :] *= float(hub["factor"])
        heavy = sum(plan.weight for plan in plans)
        year = np.arange(self.months) // 12
        level = self.p.number(f"markets.{market}.share") * self.p.number(f"markets.{market}.growth") ** year
        for plan in plans:
            plan.weight[:] = plan.weight / np.maximum(heavy, 1e-12) * level


def menu_of(p: Parameters, market: str) -> dict[Menu, float]:
    """Every way that a market may take with its share; the shares sum to one."""
    found: dict[Menu, float] = defaultdict(float)
    departures, hubs = (p.at(key).get(market, {}) for key in ("departures", "hubs"))
    for origin, origin_share in p.mix(f"origins.{market}").items():
        for departure, reached in shares(departures.get(origin, f"{origin} 1")).items():
            for onward, onward_share in shares(p.text(f"onward.{market}.{departure}")).items():
                for last, last_share in shares(hubs.get(onward, ". 1")).items():
                    transit, destination = (None, onward) if last == "." else (onward, last)
                    if destination != departure:  # a hub's row may name the country the goods came from
                        found[origin, departure, transit, destination] += (
                            origin_share * reached * onward_share * last_share
                        )
    total = sum(found.values())
    return {path: weight / total for path, weight in found.items()}


def flow_shares(plans: list[Plan], group_of: Mapping[str, str]) -> Iterator[tuple[str, int, str, str, float]]:
    """True share of each group's flow by year (from 0), departure and destination; each year's sum to one."""
    flow: dict[tuple[str, int], dict[tuple[str, str], float]] = defaultdict(lambda: defaultdict(float))
    for plan in plans:
        if len(plan.stops) < 2:
            continue
        by_year = plan.weight.reshape(-1, 12).mean(axis=1)
        pair = (plan.stops[0].country, plan.stops[-1].country)
        for product, share in plan.products.items():
            for year, weight in enumerate(by_year):
                flow[group_of[product], year][pair] += float(weight) * share
    for (group, year), pairs in sorted(flow.items()):
        total = sum(pairs.values())
        for (departure, destination), weight in sorted(pairs.items()):
            yield group, year, departure, destination, weight / total


def _shift(plans: list[Plan], shift: Mapping[str, object]) -> None:
    def runs(plan: Plan, end: str) -> bool:
        ends = (plan.stops[0].country, plan.stops[-1].country)
        return ends == (shift[f"{end}_departure"], shift[f"{end}_destination"])

    after = slice(int(str(shift["month"])), None)
    left, taken = ([plan for plan in plans if runs(plan, end)] for end in ("from", "to"))
    at_hand = sum((plan.weight[after] for plan in taken), np.zeros(1))
    if not taken or not np.all(at_hand > 0):
        return
    moved = sum((plan.weight[after] for plan in left), np.zeros(1)) * float(str(shift["moved"]))
    for plan in left:
        plan.weight[after] *= 1 - float(str(shift["moved"]))
    for plan in taken:
        plan.weight[after] *= 1 + moved / at_hand


def _seat(role: str, chain: list[str]) -> int:
    """Where the seizing country stands in a chain."""
    return {"departure": 0, "domestic": 0, "transit": len(chain) - 2, "destination": len(chain) - 1}[role]
