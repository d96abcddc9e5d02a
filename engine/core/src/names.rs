//! What data sets and models call the classes of the taxonomy.

/// A name in small letters, its words joined by `_`.
pub fn plain(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '-'], "_")
}

/// The class of the taxonomy that a plain name usually means, where that is neither its path nor its last part.
pub fn usual(plain: &str) -> Option<&'static str> {
    OTHER_NAMES.iter().find(|(other, _)| *other == plain).map(|(_, class)| *class)
}

/// COCO, Pascal VOC, `MOTChallenge`, BDD100K, Open Images, `VisDrone` and IDD were gone through. What may be one of two things (a rider, a
/// helmet, a wheel) is not here.
const OTHER_NAMES: [(&str, &str); 70] = [
    ("people", "person"),
    ("pedestrian", "person"),
    ("human", "person"),
    ("man", "person"),
    ("woman", "person"),
    ("boy", "person"),
    ("girl", "person"),
    ("child", "person"),
    ("with_helmet", "person.rider_helmet"),
    ("without_helmet", "person.rider_bare"),
    ("no_helmet", "person.rider_bare"),
    ("motorbike", "vehicle.two_wheel.motorcycle"),
    ("motor", "vehicle.two_wheel.motorcycle"),
    ("moped", "vehicle.two_wheel.motorcycle"),
    ("scooter", "vehicle.two_wheel.motorcycle"),
    ("bike", "vehicle.two_wheel.bicycle"),
    ("cycle", "vehicle.two_wheel.bicycle"),
    ("two_wheeler", "vehicle.two_wheel"),
    ("three_wheeler", "vehicle.three_wheel"),
    ("tricycle", "vehicle.three_wheel"),
    ("awning_tricycle", "vehicle.three_wheel"),
    ("autorickshaw", "vehicle.three_wheel"),
    ("auto_rickshaw", "vehicle.three_wheel"),
    ("rickshaw", "vehicle.three_wheel"),
    ("automobile", "vehicle.car"),
    ("taxi", "vehicle.car"),
    ("limousine", "vehicle.car"),
    ("van", "vehicle.car"),
    ("lorry", "vehicle.truck"),
    ("pickup", "vehicle.truck"),
    ("pickup_truck", "vehicle.truck"),
    ("coach", "vehicle.bus"),
    ("minibus", "vehicle.bus"),
    ("land_vehicle", "vehicle"),
    ("cattle", "animal.cow"),
    ("bull", "animal.cow"),
    ("goat", "animal.sheep"),
    ("sofa", "furniture.couch"),
    ("sofa_bed", "furniture.couch"),
    ("loveseat", "furniture.couch"),
    ("potted_plant", "furniture.plant"),
    ("pottedplant", "furniture.plant"),
    ("houseplant", "furniture.plant"),
    ("flowerpot", "furniture.plant"),
    ("dining_table", "furniture.table"),
    ("diningtable", "furniture.table"),
    ("coffee_table", "furniture.table"),
    ("desk", "furniture.table"),
    ("kitchen_&_dining_room_table", "furniture.table"),
    ("stool", "furniture.chair"),
    ("parasol", "furniture.umbrella"),
    ("backpack", "goods.bag"),
    ("handbag", "goods.bag"),
    ("suitcase", "goods.bag"),
    ("briefcase", "goods.bag"),
    ("luggage_and_bags", "goods.bag"),
    ("banana", "goods.fruit"),
    ("apple", "goods.fruit"),
    ("orange", "goods.fruit"),
    ("market_stall", "goods.stall"),
    ("street_stall", "goods.stall"),
    ("pushcart", "goods.cart"),
    ("handcart", "goods.cart"),
    ("trash", "waste"),
    ("garbage", "waste"),
    ("litter", "waste"),
    ("rubbish", "waste"),
    ("garbage_pile", "waste.pile"),
    ("trash_pile", "waste.pile"),
    ("flood", "water.flood"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use viahe_contract::class::Class;

    #[test]
    fn every_name_is_plain_once_and_means_a_class() {
        for (at, (name, class)) in OTHER_NAMES.iter().enumerate() {
            assert_eq!(plain(name), *name);
            assert!(Class::try_from(*class).is_ok(), "{class}");
            assert!(OTHER_NAMES[..at].iter().all(|(other, _)| other != name), "{name} twice");
        }
        assert_eq!(usual(&plain("Awning-Tricycle")), Some("vehicle.three_wheel"));
    }
}
