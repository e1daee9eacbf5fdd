"""y = p·n·t: how much does each variable influence y?

The gradient of the tax is 200: 0.1 more tax makes y larger by 0.1 × 200 = 20.
"""


def y(
    p=100,  # リンゴの単価(price)
    n=2,  # 購入数(number)
    t=1.1,  # 消費税(tax)
):
    x = p * n  # 税抜き小計
    y = x * t  # 税込み合計
    return y
