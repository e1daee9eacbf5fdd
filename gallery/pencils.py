"""Pencils and erasers: (100 × 2 + 30 × 3) × 1.1 = 319. Each backward number says by how much the total grows when
that value grows by 1."""


def 合計(鉛筆の単価=100, 鉛筆の本数=2, 消しゴムの単価=30, 消しゴムの個数=3, 消費税=1.1):
    return (鉛筆の単価 * 鉛筆の本数 + 消しゴムの単価 * 消しゴムの個数) * 消費税
