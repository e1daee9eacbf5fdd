"""Apples: y = p·n·t. What do price, number and tax each do to the total?"""


def 合計(りんごの単価=100, りんごの個数=2, 消費税=1.1):
    小計 = りんごの単価 * りんごの個数
    return 小計 * 消費税
