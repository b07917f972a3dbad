"""What is known about an address: home or not, country, AS, city, and who made its MAC."""
