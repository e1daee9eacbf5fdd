"""y = p·n·t: how much does each variable influence y?

The tax 200 times: 0.1 more of it makes the total 0.1 × 200 = 20 larger.
"""


def y(
    p=100,  # リンゴの単価(price)
    n=2,  # 購入数(number)
    t=1.1,  # 消費税(tax)
):
    x = p * n  # 税抜き小計
    y = x * t  # 税込み合計
    return y
