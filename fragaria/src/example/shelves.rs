//! What the shop sells, shelf by shelf.

/// A department and its aisles.
pub(super) struct Department {
    pub(super) name: &'static str,
    /// What its goods are made of.
    pub(super) materials: [&'static str; 5],
    pub(super) aisles: [Aisle; 3],
}

/// An aisle and its shelves.
pub(super) struct Aisle {
    pub(super) name: &'static str,
    pub(super) shelves: [Shelf; 2],
}

/// A shelf, what stands on it, and what that costs, in euros.
pub(super) struct Shelf {
    pub(super) name: &'static str,
    pub(super) goods: [&'static str; 3],
    pub(super) price: (i64, i64),
}

const fn department(
    name: &'static str,
    materials: [&'static str; 5],
    aisles: [Aisle; 3],
) -> Department {
    Department {
        name,
        materials,
        aisles,
    }
}

const fn aisle(name: &'static str, shelves: [Shelf; 2]) -> Aisle {
    Aisle { name, shelves }
}

const fn shelf(name: &'static str, goods: [&'static str; 3], price: (i64, i64)) -> Shelf {
    Shelf { name, goods, price }
}

/// All of it.
pub(super) const DEPARTMENTS: [Department; 6] = [
    department(
        "Kitchen",
        ["steel", "cast iron", "oak", "stoneware", "enamel"],
        [
            aisle(
                "Cooking",
                [
                    shelf("Pots", ["Saucepan", "Stockpot", "Casserole"], (29, 180)),
                    shelf("Pans", ["Frying Pan", "Wok", "Griddle"], (24, 140)),
                ],
            ),
            aisle(
                "Coffee and Tea",
                [
                    shelf(
                        "Coffee",
                        ["French Press", "Coffee Grinder", "Dripper"],
                        (18, 160),
                    ),
                    shelf("Tea", ["Teapot", "Kettle", "Tea Strainer"], (9, 110)),
                ],
            ),
            aisle(
                "Knives and Boards",
                [
                    shelf(
                        "Knives",
                        ["Chef's Knife", "Paring Knife", "Bread Knife"],
                        (15, 190),
                    ),
                    shelf(
                        "Boards",
                        ["Chopping Board", "Serving Board", "Knife Block"],
                        (14, 95),
                    ),
                ],
            ),
        ],
    ),
    department(
        "Home",
        ["linen", "wool", "brass", "oak", "glass"],
        [
            aisle(
                "Light",
                [
                    shelf(
                        "Lamps",
                        ["Desk Lamp", "Floor Lamp", "Table Lamp"],
                        (39, 320),
                    ),
                    shelf("Candles", ["Candle", "Lantern", "Candlestick"], (7, 60)),
                ],
            ),
            aisle(
                "Textiles",
                [
                    shelf("Blankets", ["Blanket", "Throw", "Quilt"], (35, 240)),
                    shelf("Towels", ["Bath Towel", "Hand Towel", "Bath Mat"], (9, 65)),
                ],
            ),
            aisle(
                "Storage",
                [
                    shelf(
                        "Baskets",
                        ["Basket", "Storage Box", "Laundry Bag"],
                        (12, 80),
                    ),
                    shelf("Hooks", ["Coat Rack", "Wall Hook", "Key Shelf"], (8, 120)),
                ],
            ),
        ],
    ),
    department(
        "Garden",
        ["ash", "steel", "terracotta", "willow", "copper"],
        [
            aisle(
                "Growing",
                [
                    shelf(
                        "Seeds",
                        ["Tomato Seeds", "Herb Seeds", "Wildflower Seeds"],
                        (2, 9),
                    ),
                    shelf(
                        "Pots and Planters",
                        ["Planter", "Seed Tray", "Hanging Pot"],
                        (6, 90),
                    ),
                ],
            ),
            aisle(
                "Tools",
                [
                    shelf("Digging", ["Spade", "Garden Fork", "Trowel"], (11, 85)),
                    shelf(
                        "Cutting",
                        ["Secateurs", "Hedge Shears", "Pruning Saw"],
                        (16, 98),
                    ),
                ],
            ),
            aisle(
                "Outdoors",
                [
                    shelf(
                        "Watering",
                        ["Watering Can", "Garden Hose", "Rain Gauge"],
                        (9, 75),
                    ),
                    shelf(
                        "Birds",
                        ["Nesting Box", "Bird Feeder", "Bird Bath"],
                        (12, 88),
                    ),
                ],
            ),
        ],
    ),
    department(
        "Office",
        ["paper", "leather", "brass", "beech", "cork"],
        [
            aisle(
                "Paper",
                [
                    shelf("Notebooks", ["Notebook", "Sketchbook", "Planner"], (6, 42)),
                    shelf(
                        "Cards",
                        ["Card Set", "Envelope Set", "Letter Paper"],
                        (4, 28),
                    ),
                ],
            ),
            aisle(
                "Writing",
                [
                    shelf(
                        "Pens",
                        ["Fountain Pen", "Rollerball", "Pencil Set"],
                        (5, 160),
                    ),
                    shelf("Ink", ["Ink Bottle", "Cartridge Set", "Blotter"], (4, 34)),
                ],
            ),
            aisle(
                "Desk",
                [
                    shelf("Order", ["Desk Tray", "Pen Holder", "Bookend"], (9, 78)),
                    shelf(
                        "Bags",
                        ["Satchel", "Document Case", "Laptop Sleeve"],
                        (29, 260),
                    ),
                ],
            ),
        ],
    ),
    department(
        "Travel",
        ["canvas", "aluminium", "nylon", "merino", "leather"],
        [
            aisle(
                "Packing",
                [
                    shelf(
                        "Backpacks",
                        ["Day Pack", "Trekking Pack", "Roll-top Pack"],
                        (45, 280),
                    ),
                    shelf("Cases", ["Cabin Case", "Weekender", "Wash Bag"], (22, 330)),
                ],
            ),
            aisle(
                "Camping",
                [
                    shelf(
                        "Sleeping",
                        ["Sleeping Bag", "Camping Mat", "Hammock"],
                        (32, 290),
                    ),
                    shelf(
                        "Camp Kitchen",
                        ["Camp Stove", "Mess Kit", "Water Filter"],
                        (19, 150),
                    ),
                ],
            ),
            aisle(
                "On the Way",
                [
                    shelf(
                        "Bottles",
                        ["Water Bottle", "Vacuum Flask", "Travel Mug"],
                        (12, 58),
                    ),
                    shelf(
                        "Small Things",
                        ["Pocket Torch", "Compass", "Travel Adapter"],
                        (8, 70),
                    ),
                ],
            ),
        ],
    ),
    department(
        "Play",
        ["beech", "cotton", "cork", "wool", "bamboo"],
        [
            aisle(
                "Games",
                [
                    shelf(
                        "Board Games",
                        ["Chess Set", "Backgammon Set", "Go Set"],
                        (24, 190),
                    ),
                    shelf("Puzzles", ["Jigsaw", "Wooden Puzzle", "Cube"], (9, 64)),
                ],
            ),
            aisle(
                "Making",
                [
                    shelf(
                        "Painting",
                        ["Watercolour Set", "Brush Set", "Easel"],
                        (12, 145),
                    ),
                    shelf("Wool", ["Knitting Kit", "Yarn Bundle", "Loom"], (8, 120)),
                ],
            ),
            aisle(
                "Moving",
                [
                    shelf(
                        "Balls",
                        ["Football", "Juggling Set", "Boules Set"],
                        (10, 85),
                    ),
                    shelf("In the Air", ["Kite", "Boomerang", "Flying Disc"], (7, 95)),
                ],
            ),
        ],
    ),
];
