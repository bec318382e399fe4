"""The seeded agency: who and what is in it, made from one number and always the same for it.

Three creators with eight accounts, forty media items and twenty texts each. Three things go wrong on purpose:
one media file is not what its checksum says, the platform never accepts one account, and the stories of one
creator are nearly used up.
"""

import random
from dataclasses import dataclass
from itertools import chain, cycle, islice

PHASES = ("pfp", "bio", "post", "highlight", "story")
"""The phases of the plan that its accounts follow."""
MEDIA_PER_MODEL = {"pfp": 9, "post": 9, "highlight": 9, "story": 8, "any": 5}
MEDIA_NEARLY_DRY = {"pfp": 9, "post": 12, "highlight": 11, "story": 3, "any": 5}
NEARLY_DRY_USES = 3
DAMAGED_USES = 4


@dataclass(frozen=True, slots=True)
class Creator:
    """A model with its themes and the names of its accounts; `texts` by category."""

    model_id: str
    name: str
    themes: tuple[str, str]
    usernames: tuple[str, ...]
    texts: dict[str, tuple[str, ...]]
    nearly_dry: bool = False


@dataclass(frozen=True, slots=True)
class SeedAccount:
    """An account to create."""

    account_id: str
    model_id: str
    username: str
    theme: str | None


@dataclass(frozen=True, slots=True)
class SeedMedia:
    """A media item to create; `number` is the seed of its picture."""

    content_id: str
    model_id: str
    category: str
    theme: str | None
    caption: str
    number: int
    quality: int
    max_usage: int
    damaged: bool = False


@dataclass(frozen=True, slots=True)
class SeedText:
    """A text to create."""

    text_id: str
    model_id: str
    category: str
    theme: str | None
    body: str
    quality: int
    max_usage: int


@dataclass(frozen=True, slots=True)
class Agency:
    """Everything in the agency."""

    creators: tuple[Creator, ...]
    accounts: tuple[SeedAccount, ...]
    media: tuple[SeedMedia, ...]
    texts: tuple[SeedText, ...]
    always_failing: str


def agency(seed: int, accounts_per_model: int = 8) -> Agency:
    """Return the agency of that number."""
    chance = random.Random(seed)
    accounts = tuple(chain.from_iterable(_accounts(one, accounts_per_model) for one in CREATORS))
    media = tuple(chain.from_iterable(_media(one, chance) for one in CREATORS))
    texts = tuple(chain.from_iterable(_texts(one, chance) for one in CREATORS))
    failing = accounts[chance.randrange(len(accounts))].account_id
    return Agency(CREATORS, accounts, media, texts, failing)


def _accounts(creator: Creator, count: int) -> list[SeedAccount]:
    themes = cycle((*creator.themes, None))
    return [
        SeedAccount(f"{creator.model_id}-{number:02d}", creator.model_id, username, next(themes))
        for number, username in enumerate(creator.usernames[:count], start=1)
    ]


def _media(creator: Creator, chance: random.Random) -> list[SeedMedia]:
    kinds = MEDIA_NEARLY_DRY if creator.nearly_dry else MEDIA_PER_MODEL
    made: list[SeedMedia] = []
    for category, count in kinds.items():
        captions = islice(cycle(creator.texts["highlight"]), count)
        for number, caption in enumerate(captions, start=1):
            # the first post of the first creator has the best score of its pool and a broken file
            damaged = (creator.model_id, category, number) == (CREATORS[0].model_id, "post", 1)
            scarce = creator.nearly_dry and category == "story"
            made.append(
                SeedMedia(
                    content_id=f"{creator.model_id}-{category}-{number:02d}",
                    model_id=creator.model_id,
                    category=category,
                    theme=None if damaged else chance.choice((*creator.themes, None)),
                    caption=caption,
                    number=chance.randrange(2**32),
                    quality=100 if damaged else chance.randint(55, 95),
                    max_usage=DAMAGED_USES if damaged else NEARLY_DRY_USES if scarce else chance.randint(4, 9),
                    damaged=damaged,
                )
            )
    return made


def _texts(creator: Creator, chance: random.Random) -> list[SeedText]:
    return [
        SeedText(
            text_id=f"{creator.model_id}-{category}-text-{number:02d}",
            model_id=creator.model_id,
            category=category,
            theme=chance.choice((*creator.themes, None)),
            body=body,
            quality=chance.randint(60, 98),
            max_usage=chance.randint(6, 12),
        )
        for category, bodies in creator.texts.items()
        for number, body in enumerate(bodies, start=1)
    ]


CREATORS = (
    Creator(
        model_id="aurora",
        name="Aurora Lind",
        themes=("dawn", "forest"),
        usernames=(
            "aurora.outdoors",
            "aurora.before.six",
            "lind.on.foot",
            "aurora.maps",
            "northward.aurora",
            "aurora.small.hills",
            "slow.trails.aurora",
            "aurora.and.tea",
        ),
        texts={
            "bio": (
                "Up before the birds. Photographs of quiet hills, mostly with cold hands.",
                "Walker, map collector, bad singer. New trail every Sunday.",
                "I carry a thermos and a camera. One of them is usually empty.",
                "Slow walks in good light. Ask me about moss.",
                "From the first bus to the last ridge.",
                "Small hills, large skies, one pair of boots.",
                "Trails within an hour of the city, tested by a tired person.",
            ),
            "post": (
                "The fog left at ten past seven, and for a minute the whole valley was gold.",
                "Eleven kilometres, two sandwiches, no signal. A perfect day.",
                "Somebody had left a bench exactly where a bench was needed.",
                "I took the wrong turn and found the better view.",
                "Rain until noon, and then this.",
            ),
            "highlight": (
                "First light",
                "Under the pines",
                "Maps I love",
                "Ridge days",
            ),
            "story": (
                "Which way would you go: left along the water, or up?",
                "Today's lunch stop. Guess the height.",
            ),
            "any": (
                "Out walking.",
                "More of this, please.",
            ),
        },
    ),
    Creator(
        model_id="marlo",
        name="Marlo Reyes",
        themes=("kitchen", "market"),
        usernames=(
            "marlo.cooks",
            "marlo.market.day",
            "reyes.small.kitchen",
            "marlo.bakes.late",
            "one.pot.marlo",
            "marlo.pickles",
            "marlo.sunday.table",
            "the.marlo.pantry",
        ),
        texts={
            "bio": (
                "Small kitchen, big pots. Recipes that survive a weekday.",
                "I cook what the market has left at noon.",
                "Bread on Fridays, soup when it rains, cake for no reason.",
                "Home cook with one good knife and many opinions.",
                "Feeding four on a Tuesday. Notes inside.",
                "Pickles, mostly. Sometimes dinner.",
                "Simple food, long tables.",
            ),
            "post": (
                "Three tomatoes, good salt, ten minutes of patience.",
                "The dough did nothing for six hours and then everything at once.",
                "My grandmother's rule: if in doubt, more onions.",
                "Market haul for twelve coins. Dinner is a question now.",
                "It looked wrong at every step and tasted right at the end.",
            ),
            "highlight": (
                "Weekday soups",
                "Market finds",
                "Bread diary",
                "Pickle jars",
            ),
            "story": (
                "Basil or mint? You have until the water boils.",
                "Guess what is in the oven.",
            ),
            "any": (
                "From my kitchen.",
                "Come early.",
            ),
        },
    ),
    Creator(
        model_id="tide",
        name="Tide Okafor",
        themes=("sea", "street"),
        nearly_dry=True,
        usernames=(
            "tide.by.the.sea",
            "tide.in.town",
            "okafor.sketches",
            "low.tide.notes",
            "tide.rides.trams",
            "tide.harbour",
            "blue.hour.tide",
            "tide.draws.daily",
        ),
        texts={
            "bio": (
                "Sketches from harbours and tram stops.",
                "Half city, half salt water.",
                "I draw what stands still long enough.",
                "Blue hour, every day, somewhere.",
                "Notes from the last stop of the line.",
                "Swims in March, regrets nothing.",
                "Paper, ink, weather.",
            ),
            "post": (
                "The harbour at half past five, before the gulls clock in.",
                "Line 12, window seat, eleven minutes, one page.",
                "Low tide leaves the best drawings on the sand.",
                "A crane, a cloud, and somebody's yellow umbrella.",
                "Ink froze. Finished it with coffee.",
            ),
            "highlight": (
                "Harbour days",
                "Tram pages",
                "Blue hour",
                "Sketchbook 9",
            ),
            "story": (
                "High tide or low tide? Vote with a wave.",
                "One minute, one line. Here we go.",
            ),
            "any": (
                "Drawn today.",
                "Between two tides.",
            ),
        },
    ),
)
