"""The pizza shop's menu, and the words that its customers are made of."""

# Name, description, price of the smallest size in rupees.
PIZZAS = (
    ("Margherita", "Tomato, mozzarella and basil", 199.5),
    ("Paneer Tikka", "Char-grilled paneer, onion, capsicum and mint", 289.0),
    ("Masala Corn", "Sweet corn tossed in chaat masala", 235.1),
    ("Farmhouse", "Onion, capsicum, tomato and mushroom", 275.0),
    ("Peri Peri Veg", "Baby corn and jalapeño in peri peri sauce", 265.9),
    ("Four Cheese", "Mozzarella, cheddar, gouda and blue cheese", 319.0),
    ("Mushroom Truffle", "Button mushrooms and a few drops of truffle oil", 345.5),
    ("Keema Do Pyaza", "Spiced lamb mince with twice the onion", 335.1),
    ("Chicken Chettinad", "Pepper chicken and curry leaves", 329.9),
    ("Butter Chicken", "Smoked chicken in makhani sauce", 339.0),
    ("Tandoori Chicken", "Tandoori chicken, red onion and coriander", 325.0),
    ("Pepperoni", "Chicken pepperoni and extra mozzarella", 349.0),
    ("Mangalore Prawn", "Prawns in ghee roast masala", 419.5),
    ("Garden Thin Crust", "Rocket, cherry tomato and olives", 285.0),
    ("Jain Special", "No onion, no garlic: capsicum, corn and paneer", 259.0),
)
# Name, share of the smallest size's price.
SIZES = (("Regular", 1.0), ("Medium", 1.6), ("Large", 2.2))
SIDES = (
    ("Garlic Bread", "Five pieces, with a cheese dip", 99.0),
    ("Stuffed Garlic Bread", "Corn, jalapeño and cheese", 149.0),
    ("Paneer Pakora", "Six pieces with green chutney", 159.5),
    ("Potato Wedges", "Baked, with peri peri dust", 119.0),
    ("Masala Fries", "Thick cut, chaat masala", 109.0),
    ("Chicken Wings", "Six pieces, hot and sticky", 219.0),
    ("Chicken 65", "As it is made in Chennai", 209.9),
    ("Gobi Manchurian", "Crisp cauliflower in soy and chilli", 169.0),
    ("Caesar Salad", "Lettuce, croutons and parmesan", 179.0),
    ("Kachumber", "Cucumber, tomato and onion with lime", 79.0),
    ("Tomato Soup", None, 89.0),
    ("Sweet Corn Soup", None, 95.0),
    ("Penne Arrabbiata", "Tomato and chilli", 229.0),
    ("Pasta Alfredo", "Cream and parmesan", 239.0),
    ("Choco Lava Cake", "Warm, with a soft heart", 109.0),
    ("Gulab Jamun", "Two pieces", 69.0),
    ("Tiramisù", "Coffee, mascarpone and cocoa", 199.0),
    ("Mint Mayo Dip", None, 25.0),
)
DRINKS = (
    ("Masala Chai", "Ginger and cardamom", 45.0),
    ("Filter Coffee", "Decoction and hot milk", 55.0),
    ("Cold Coffee", "With a scoop of ice cream", 119.0),
    ("Sweet Lassi", "Thick curd and rose", 79.0),
    ("Salted Lassi", "Roasted cumin", 75.0),
    ("Mango Lassi", "Alphonso, April to July", 99.0),
    ("Buttermilk", "Curry leaves and green chilli", 39.0),
    ("Nimbu Pani", "Lime, salt and sugar", 49.0),
    ("Nimbu Soda", "Lime and soda", 59.0),
    ("Jaljeera", "Cumin, mint and black salt", 55.0),
    ("Tender Coconut", "As it comes", 69.0),
    ("Kokum Sharbat", "Sour and cool", 65.0),
    ("Iced Lemon Tea", None, 85.0),
    ("Iced Peach Tea", None, 89.0),
    ("Cola", "330 ml", 60.0),
    ("Orange Soda", "330 ml", 60.0),
    ("Sparkling Water", "500 ml", 80.0),
    ("Still Water", "1 l", 30.0),
)

FIRST_NAMES = (
    *("Aarav", "Aditi", "Ananya", "Arjun", "Bhavana", "Chetan", "Deepa", "Dhruv", "Divya"),
    *("Farhan", "Gauri", "Harish", "Isha", "Ishaan", "Jaya", "Karthik", "Kavya", "Kiran"),
    *("Lakshmi", "Manish", "Meera", "Mohammed", "Nandini", "Neha", "Nikhil", "Pooja"),
    *("Pranav", "Priya", "Rahul", "Ramesh", "Rohan", "Sahana", "Sanjay", "Shreya", "Sneha"),
    *("Suresh", "Tanvi", "Uma", "Varun", "Vidya", "Vikram", "Yash", "Zara"),
)
LAST_NAMES = (
    *("Acharya", "Agarwal", "Bhat", "Chatterjee", "Das", "Desai", "D'Souza", "Fernandes"),
    *("Gowda", "Gupta", "Hegde", "Iyengar", "Iyer", "Jain", "Joshi", "Kamath", "Khan"),
    *("Kulkarni", "Kumar", "Menon", "Mishra", "Murthy", "Naidu", "Nair", "Nayak", "Pai"),
    *("Patel", "Patil", "Pillai", "Prasad", "Rao", "Reddy", "Sharma", "Shetty", "Singh"),
    *("Srinivasan", "Thomas", "Varma", "Verma", "Yadav"),
)
# First name, last name, the name's spelling in an e-mail address.
FOREIGN_SCRIPT_NAMES = (
    ("आरव", "शर्मा", "aarav.sharma"),
    ("प्रिया", "वर्मा", "priya.verma"),
    ("संजय", "कुलकर्णी", "sanjay.kulkarni"),
    ("ಕಾವ್ಯ", "ಗೌಡ", "kavya.gowda"),
    ("ರಮೇಶ್", "ಹೆಗ್ಡೆ", "ramesh.hegde"),
    ("ಸಹನಾ", "ರಾವ್", "sahana.rao"),
    ("José", "Gonçalves", "jose.goncalves"),
    ("Zoë", "Brontë-Nair", "zoe.brontenair"),
    ("François", "Lemaître", "francois.lemaitre"),
)
# The area and its postcode.
AREAS = (
    ("Indiranagar", 560038),
    ("Koramangala", 560034),
    ("Jayanagar", 560041),
    ("Malleshwaram", 560003),
    ("Whitefield", 560066),
    ("HSR Layout", 560102),
    ("Basavanagudi", 560004),
    ("Rajajinagar", 560010),
    ("Banashankari", 560070),
    ("Hebbal", 560024),
    ("Frazer Town", 560005),
    ("Electronic City", 560100),
)
STREETS = (
    *("1st Main", "2nd Main", "3rd Cross", "4th Cross", "5th Main", "7th Cross", "9th Main"),
    *("11th Cross", "100 Feet Road", "Church Street", "Temple Road", "Lake View Road"),
)
CITIES = ("Bangalore", "Bengaluru", "Bangalore", "Bengaluru", "Bengaluru Urban")
# What stands in place of an area now and then: another city with its postcode.
OTHER_CITIES = (
    ("MG Road, Mysuru", 570001),
    ("Anna Salai, Chennai", 600002),
    ("Bandra West, Mumbai", 400050),
    ("Banjara Hills, Hyderabad", 500034),
)
RESIDENCES_IN_OTHER_SCRIPTS = (
    "೧೨, ೩ನೇ ಅಡ್ಡರಸ್ತೆ, ಇಂದಿರಾನಗರ, ಬೆಂಗಳೂರು 560038",
    "४५, गांधी मार्ग, जयनगर, बेंगलुरु 560041",
    "Café São José, 7, Church Street, Bangalore 560001",
    "🏠 blue gate, 21, Lake View Road, Hebbal, Bengaluru 560024",
)
MAIL_HOSTS = ("example.com", "example.org", "example.net")
