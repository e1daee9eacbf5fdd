"""What if the tax rises from 1.1 to 1.2? The gradient predicts 0.1 × 200 = 20 more, and the true change is 20."""

import bpviz


def 合計(りんごの単価=100, りんごの個数=2, 消費税=1.1):
    小計 = りんごの単価 * りんごの個数
    return 小計 * 消費税


main = bpviz.what_if(合計, 消費税=1.2).draw()
