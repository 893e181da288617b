"""Words of tables in other languages: the headings and layers that are common, in English."""

import re
from collections.abc import Sequence
from dataclasses import replace

from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.grid import Row

_WORDS = {
    # Portuguese, Spanish, French, German
    "layer": r"camadas?|capas?|couches?|schicht(?:en)?",
    "size": r"tama(?:nho|ño)|taille|gr[öo](?:ß|ss)e",
    "type": r"tipo(?: d[ea] (?:camada|capa))?|type de couche|typ|schichttyp",
    "name": r"nome|nombre|nom",
    "filters": r"filtros|filtres|n[úu]mero de filtros|nombre de filtres|anzahl (?:der )?filter|filteranzahl",
    "kernel size": r"tama(?:nho|ño) d[eo]l? (?:filtro|kernel|n[úu]cleo)|taille du (?:filtre|noyau)"
    r"|(?:filter|kernel|kern)gr[öo](?:ß|ss)e|n[úu]cleo|noyau",
    "pool size": r"tama(?:nho|ño) d[eo] pool(?:ing)?",
    "stride": r"passo|paso|pas|schrittweite",
    "padding": r"preenchimento|relleno|remplissage|auff[üu]llung",
    "output size": r"(?:dimens(?:[ãa]o|i[óo]n|ion)|tama(?:nho|ño)|forma(?:to)?|taille|forme|dimension)"
    r" (?:da sa[íi]da|de (?:sa[íi]da|salida|(?:la )?sortie))|ausgabe(?:gr[öo](?:ß|ss)e|form|dimension)?",
    "output": r"sa[íi]da|salida|sortie",
    "input size": r"(?:dimens(?:[ãa]o|i[óo]n|ion)|tama(?:nho|ño)|taille) (?:da entrada|d[e']\s?l?'?entr(?:ada|[ée]e))"
    r"|eingabegr[öo](?:ß|ss)e",
    "input": r"entrada|entr[ée]e|eingabe|imagem|imagen",
    "activation": r"(?:fun[çc][ãa]o de |funci[óo]n de |fonction d')?(?:ativa[çc][ãa]o|activaci[óo]n)"
    r"|fonction d'activation|aktivierung(?:sfunktion)?",
    "params": r"par[âa]metros(?: da camada| de la capa)?|param[èe]tres|parameteranzahl|anzahl (?:der )?parameter",
    "units": r"neur[ôo]nios|neuronas|neurones|neuronen|unidades|unit[ée]s|einheiten",
    "conv": r"convolu[çc][ãa]o|convoluci[óo]n|convolucional|faltung(?:sschicht)?",
    "fully connected": r"(?:totalmente|completamente) con(?:n)?ectad[ao]s?|densa|enti[èe]rement connect[ée]e?"
    r"|vollst[äa]ndig verbunden",
    # Chinese
    "index ": r"序号|编号|层号",
    "shape ": r"尺寸|大小|维度|形状",
    "pool size ": r"池化(?:核|窗口?)(?:大小|尺寸)?|池化(?:大小|尺寸)",
    "image ": r"图(?:片|像)",
    "layer ": r"层(?:数|名|次)?|网络层|層",
    "type ": r"网络层类型|层类型|类型|類型",
    "kernel size ": r"(?:卷积)?核(?:大小|尺寸)?|卷积核|(?:滤波器|窗口)(?:大小|尺寸)",
    "filters ": r"(?:卷积核|滤波器|通道)(?:个)?数(?:量|目)?|(?:输出)?通道数?|个?特征(?:图|映射)(?:数量?)?",
    "stride ": r"步长|步幅|滑动步长",
    "padding ": r"填充(?:方式)?|补零",
    "output size ": r"输出(?:特征图)?(?:尺寸|大小|形状|维度)|输出特征图|输出|特征图(?:尺寸|大小)",
    "input ": r"输入(?:层|图像|尺寸|大小)?",
    "activation ": r"激活(?:函数|层)?",
    "description ": r"(?:网络)?结构|说明|描述|配置",
    "params ": r"参数(?:个)?(?:数量|量|数)?",
    "conv ": r"卷积(?:层)?",
    "max pool ": r"最大(?:值)?池化(?:层)?",
    "avg pool ": r"平均池化(?:层)?",
    "pool ": r"池化(?:层)?|下采样(?:层)?",
    "fully connected ": r"全连接(?:层)?",
    "batch norm ": r"批(?:量)?(?:归一|标准|规范)化(?:层)?",
    "flatten ": r"展平(?:层)?|拉平(?:层)?",
    "units ": r"个?神经元(?:个)?数?(?:量|目)?|节点数",
    "dropout ": r"随机失活(?:率)?",
}
_BETWEEN = r"filtros de(?= \d)|filtres de(?= \d)"
_FORMS = [
    (re.compile(_BETWEEN, re.IGNORECASE), "filters"),
    *(
        (re.compile(form if english.endswith(" ") else rf"(?<![^\W\d_])(?:{form})(?![^\W\d_])", re.IGNORECASE), english)
        for english, form in sorted(_WORDS.items(), key=lambda row: -max(map(len, row[1].split("|"))))
    ),
]


_LAYERS = re.compile(rf"(?<![^\W\d_])(?:{_WORDS['layer']})(?![^\W\d_])|{_WORDS['layer ']}|类型", re.IGNORECASE)
_TITLES = 4
"""In so many rows a heading is looked for."""


def is_foreign(text: str) -> bool:
    """Cheap: whether a word for layers is there, in another language."""
    return _LAYERS.search(text) is not None


def in_english(rows: Sequence[Row]) -> list[Row]:
    """Rows with English words for those of other languages, where a heading is of such."""
    titles = [cell.text.text for row in rows[:_TITLES] for cell in row]
    if not any(form.fullmatch(title) for title in titles for form, _ in _FORMS):
        return list(rows)
    return [[replace(cell, text=_english(cell.text)) for cell in row] for row in rows]


def _english(text: Excerpt) -> Excerpt:
    whole = next((english for form, english in _FORMS if english.endswith(" ") and form.fullmatch(text.text)), None)
    if whole is not None:
        return text.sub(r"(?s).+", whole.strip())
    for form, english in _FORMS:
        text = text.sub(form, f" {english}" if english.endswith(" ") else english)
    return text.sub(r" {2,}", " ").strip()
