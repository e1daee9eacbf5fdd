"""Apples: total = price × count × tax. What do price, count and tax each do to the total?"""


def total(price=100, count=2, tax=1.1):
    subtotal = price * count
    return subtotal * tax
