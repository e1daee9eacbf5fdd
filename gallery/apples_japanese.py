"""The apples in Japanese: with `--lang ja`, bpviz writes its own text in the reader's language."""

import bpviz


def 合計(
    りんごの単価=100,  # 1個の値段（円）
    りんごの個数=2,  # 買う個数
    消費税=1.1,  # 税を加える倍率
):
    小計 = りんごの単価 * りんごの個数
    return 小計 * 消費税


main = bpviz.draw(合計, title="りんごの買い物", path="りんごの単価", lang="ja")
