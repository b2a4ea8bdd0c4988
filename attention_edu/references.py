"""The works that the course cites, each with what it added and what to read in it.

One table holds them all: the timeline is drawn from it, the notebooks quote it, and a test holds
every citation in the course equal to it. Nothing here opens a connection: `url` is only text.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["REFERENCES", "TRACKS", "ReadingList", "Reference", "reading_list"]

#: The three stories that the timeline tells side by side.
TRACKS = ("psychology", "statistics", "machines")


@dataclass(frozen=True, kw_only=True)
class Reference:
    """One published work.

    Attributes
    ----------
    key : str
        First author's family name and year, such as ``"bahdanau2014"``.
    authors : tuple of str
        Family name, comma, initials: ``"Bahdanau, D."``. All of them, up to eight; of longer
        lists the first one and ``"et al."``.
    year : int
        Of the first public version; for a preprint, the year of its arXiv number.
    title : str
        As printed, in sentence case.
    venue : str
        Journal with volume and pages, conference, or publisher.
    identifier : str
        ``"arXiv:1409.0473"``, ``"doi:10.1162/neco.1992.4.1.131"``, ``"ISBN 978-…"``, or ``""``
        where there is none; then the venue is complete enough to find the work.
    adds : str
        What it added, in one clause.
    label : str
        The same in two or three words, for the timeline; ``""`` if the work is not on it.
    track : str
        The timeline's track, one of `TRACKS`, or ``""`` if the work is not on the timeline.
    notebooks : tuple of str
        Two-digit numbers of the notebooks to which it belongs: all that cite it, and those after
        which it reads well.
    note : str
        One sentence for a student: what to read in it.

    Examples
    --------
    >>> REFERENCES["bahdanau2014"].cited
    'Bahdanau, Cho & Bengio (2014), arXiv:1409.0473'
    >>> REFERENCES["vaswani2017"].url
    'https://arxiv.org/abs/1706.03762'
    """

    key: str
    authors: tuple[str, ...]
    year: int
    title: str
    venue: str
    identifier: str
    adds: str
    label: str = ""
    track: str = ""
    notebooks: tuple[str, ...] = ()
    note: str = ""

    @property
    def url(self) -> str:
        """Where the work is found, or ``""``; only text, nothing is fetched."""
        kind, _, number = self.identifier.partition(":")
        if kind == "arXiv":
            return f"https://arxiv.org/abs/{number}"
        if kind == "doi":
            return f"https://doi.org/{number}"
        return ""

    @property
    def names(self) -> str:
        """The authors as running text names them: up to three, else the first *et al.* alone."""
        families = [author.partition(",")[0] for author in self.authors]
        if len(families) > 3 or families[-1] == "et al.":
            return f"{families[0]} et al."
        if len(families) == 1:
            return families[0]
        return f"{', '.join(families[:-1])} & {families[-1]}"

    @property
    def cited(self) -> str:
        """Names, year and identifier, as the notebooks print them."""
        short = f"{self.names} ({self.year})"
        shown = self.identifier.removeprefix("doi:") or self.venue
        return f"{short}, {shown}"


_WORKS = (
    # -- psychology -----------------------------------------------------------------------------
    Reference(
        key="cherry1953",
        authors=("Cherry, E. C.",),
        year=1953,
        title="Some experiments on the recognition of speech, with one and with two ears",
        venue="Journal of the Acoustical Society of America 25(5), 975–979",
        identifier="doi:10.1121/1.1907229",
        adds="people can follow one voice among several: the cocktail-party effect",
        label="cocktail party",
        track="psychology",
        notebooks=("01",),
        note="Read the second experiment: two messages, one in each ear, and what is lost.",
    ),
    Reference(
        key="broadbent1958",
        authors=("Broadbent, D. E.",),
        year=1958,
        title="Perception and communication",
        venue="Pergamon Press, London",
        identifier="doi:10.1037/10037-000",
        adds="a filter lets one stream of the senses through and stops the rest",
        label="filter",
        track="psychology",
        notebooks=("01",),
        note="A book; its filter is the hard selection that later models made soft.",
    ),
    Reference(
        key="treisman1964",
        authors=("Treisman, A. M.",),
        year=1964,
        title="Verbal cues, language, and meaning in selective attention",
        venue="American Journal of Psychology 77(2), 206–219",
        identifier="",
        adds="what is not attended is turned down, not switched off: attenuation",
        label="attenuation",
        track="psychology",
        notebooks=("01",),
        note="Turned down, not off: compare it with softmax, whose weights are never quite 0.",
    ),
    Reference(
        key="posner1980",
        authors=("Posner, M. I.",),
        year=1980,
        title="Orienting of attention",
        venue="Quarterly Journal of Experimental Psychology 32(1), 3–25",
        identifier="doi:10.1080/00335558008248231",
        adds="a cue moves attention without moving the eyes, and its effect can be timed",
        label="cueing",
        track="psychology",
        notebooks=("01",),
        note="Read how a cue is given and what is measured; a cue plays the part of a query.",
    ),
    Reference(
        key="treisman1980",
        authors=("Treisman, A. M.", "Gelade, G."),
        year=1980,
        title="A feature-integration theory of attention",
        venue="Cognitive Psychology 12(1), 97–136",
        identifier="doi:10.1016/0010-0285(80)90005-5",
        adds="attention binds colour, form and place into one object",
        label="feature integration",
        track="psychology",
        notebooks=("01",),
        note="Look at the search displays: some targets jump out, others must be looked for.",
    ),
    Reference(
        key="koch1985",
        authors=("Koch, C.", "Ullman, S."),
        year=1985,
        title="Shifts in selective visual attention: towards the underlying neural circuitry",
        venue="Human Neurobiology 4(4), 219–227",
        identifier="",
        adds="a saliency map: one number for every place, and the largest wins",
        label="saliency map",
        track="psychology",
        notebooks=("01",),
        note="Scores for every place and a winner: steps 1 and 2, with argmax for softmax.",
    ),
    Reference(
        key="itti1998",
        authors=("Itti, L.", "Koch, C.", "Niebur, E."),
        year=1998,
        title="A model of saliency-based visual attention for rapid scene analysis",
        venue="IEEE Transactions on Pattern Analysis and Machine Intelligence 20(11), 1254–1259",
        identifier="doi:10.1109/34.730558",
        adds="a program that computes a saliency map from a photograph",
        label="saliency computed",
        track="psychology",
        notebooks=("01",),
        note="Fig. 1 shows the whole program; its scores are designed, not learned.",
    ),
    # -- statistics -----------------------------------------------------------------------------
    Reference(
        key="nadaraya1964",
        authors=("Nadaraya, E. A.",),
        year=1964,
        title="On estimating regression",
        venue="Theory of Probability and Its Applications 9(1), 141–142",
        identifier="doi:10.1137/1109020",
        adds="a prediction is a weighted mean, with weights from similarity",
        label="kernel regression",
        track="statistics",
        notebooks=("01",),
        note="Two pages; the formula is attention with a fixed score.",
    ),
    Reference(
        key="watson1964",
        authors=("Watson, G. S.",),
        year=1964,
        title="Smooth regression analysis",
        venue="Sankhyā: The Indian Journal of Statistics, Series A 26(4), 359–372",
        identifier="",
        adds="the same weighted mean, found independently in the same year",
        label="kernel regression",
        track="statistics",
        notebooks=("01",),
        note="Compare its formula with Nadaraya's: two people, one idea, one year.",
    ),
    Reference(
        key="tsai2019",
        authors=(
            "Tsai, Y.-H. H.",
            "Bai, S.",
            "Yamada, M.",
            "Morency, L.-P.",
            "Salakhutdinov, R.",
        ),
        year=2019,
        title=(
            "Transformer dissection: a unified understanding of transformer's attention "
            "via the lens of kernel"
        ),
        venue="EMNLP-IJCNLP 2019",
        identifier="arXiv:1908.11775",
        adds="attention read as kernel regression, with exp of the score as the kernel",
        notebooks=("01",),
        note="The abstract says in one sentence what notebook 01 lets you compute.",
    ),
    # -- machines -------------------------------------------------------------------------------
    Reference(
        key="schmidhuber1992",
        authors=("Schmidhuber, J.",),
        year=1992,
        title=(
            "Learning to control fast-weight memories: an alternative to dynamic recurrent networks"
        ),
        venue="Neural Computation 4(1), 131–139",
        identifier="doi:10.1162/neco.1992.4.1.131",
        adds=(
            "a network writes the weights of another one; seen from today, "
            "attention without softmax (who was first is disputed)"
        ),
        label="fast weights",
        track="machines",
        notebooks=("01", "11"),
        note="Read it beside Schlag, Irie & Schmidhuber, who spell out the likeness in 2021.",
    ),
    Reference(
        key="larochelle2010",
        authors=("Larochelle, H.", "Hinton, G. E."),
        year=2010,
        title="Learning to combine foveal glimpses with a third-order Boltzmann machine",
        venue="Advances in Neural Information Processing Systems 23, 1243–1251",
        identifier="",
        adds="a network that looks at an image in a few learned glimpses",
        label="learned glimpses",
        track="machines",
        notebooks=("01", "10"),
        note="Read the introduction: why looking at little can be better than looking at all.",
    ),
    Reference(
        key="graves2013",
        authors=("Graves, A.",),
        year=2013,
        title="Generating sequences with recurrent neural networks",
        venue="preprint",
        identifier="arXiv:1308.0850",
        adds="a soft window slides over a text while a network writes it by hand",
        label="soft window",
        track="machines",
        notebooks=("01",),
        note="Section 5: where the window looks is learned by gradient descent, from end to end.",
    ),
    Reference(
        key="mnih2014",
        authors=("Mnih, V.", "Heess, N.", "Graves, A.", "Kavukcuoglu, K."),
        year=2014,
        title="Recurrent models of visual attention",
        venue="Advances in Neural Information Processing Systems 27",
        identifier="arXiv:1406.6247",
        adds="hard attention: the network picks one place at a time",
        label="hard attention",
        track="machines",
        notebooks=("01", "10"),
        note="A pick has no gradient; read how the choice is trained all the same.",
    ),
    Reference(
        key="bahdanau2014",
        authors=("Bahdanau, D.", "Cho, K.", "Bengio, Y."),
        year=2014,
        title="Neural machine translation by jointly learning to align and translate",
        venue="ICLR 2015",
        identifier="arXiv:1409.0473",
        adds="learned soft attention for translation: one row of weights an output word",
        label="aligns and translates",
        track="machines",
        notebooks=("01", "02", "03", "04", "05", "06", "07", "11"),
        note="Eq. 6 has the weights, Fig. 2 quality against length, Fig. 3 the alignments.",
    ),
    Reference(
        key="graves2014",
        authors=("Graves, A.", "Wayne, G.", "Danihelka, I."),
        year=2014,
        title="Neural Turing machines",
        venue="preprint",
        identifier="arXiv:1410.5401",
        adds="a memory that is read by comparing a key with every slot",
        label="content addressing",
        track="machines",
        notebooks=("01",),
        note="Section 3.3.1: similarity, a sharpness factor, softmax; three steps you know.",
    ),
    Reference(
        key="weston2014",
        authors=("Weston, J.", "Chopra, S.", "Bordes, A."),
        year=2014,
        title="Memory networks",
        venue="ICLR 2015",
        identifier="arXiv:1410.3916",
        adds="answers questions by picking facts out of a memory",
        label="memory networks",
        track="machines",
        notebooks=("01", "09"),
        note="It picks the best fact with argmax; compare it with the soft version of 2015.",
    ),
    Reference(
        key="xu2015",
        authors=(
            "Xu, K.",
            "Ba, J.",
            "Kiros, R.",
            "Cho, K.",
            "Courville, A.",
            "Salakhutdinov, R.",
            "Zemel, R.",
            "Bengio, Y.",
        ),
        year=2015,
        title="Show, attend and tell: neural image caption generation with visual attention",
        venue="ICML 2015",
        identifier="arXiv:1502.03044",
        adds="attention over the regions of an image, one look a word",
        label="image captions",
        track="machines",
        notebooks=("01", "10"),
        note="Look at the pictures of weights, the mistakes among them first.",
    ),
    Reference(
        key="sukhbaatar2015",
        authors=("Sukhbaatar, S.", "Szlam, A.", "Weston, J.", "Fergus, R."),
        year=2015,
        title="End-to-end memory networks",
        venue="Advances in Neural Information Processing Systems 28",
        identifier="arXiv:1503.08895",
        adds="soft attention over facts, several hops in a row",
        label="several hops",
        track="machines",
        notebooks=("01", "09"),
        note="Eq. 1 and 2: scores by dot product, softmax, weighted sum; then repeat.",
    ),
    Reference(
        key="luong2015",
        authors=("Luong, M.-T.", "Pham, H.", "Manning, C. D."),
        year=2015,
        title="Effective approaches to attention-based neural machine translation",
        venue="EMNLP 2015",
        identifier="arXiv:1508.04025",
        adds="three scores compared: dot, general (bilinear) and concat",
        label="three kinds of score",
        track="machines",
        notebooks=("02", "05", "07"),
        note="Section 3.1 lists the scores that notebook 05 computes.",
    ),
    Reference(
        key="cheng2016",
        authors=("Cheng, J.", "Dong, L.", "Lapata, M."),
        year=2016,
        title="Long short-term memory-networks for machine reading",
        venue="EMNLP 2016",
        identifier="arXiv:1601.06733",
        adds="self-attention: each word looks back at the words before it",
        label="self-attention",
        track="machines",
        notebooks=("05",),
        note="Fig. 1 shows which earlier words a reader of the sentence looks back at.",
    ),
    Reference(
        key="parikh2016",
        authors=("Parikh, A. P.", "Täckström, O.", "Das, D.", "Uszkoreit, J."),
        year=2016,
        title="A decomposable attention model for natural language inference",
        venue="EMNLP 2016",
        identifier="arXiv:1606.01933",
        adds="attention without any recurrence, with few parameters",
        label="without recurrence",
        track="machines",
        notebooks=("05",),
        note="Section 3: attend, compare, aggregate; short enough to read in one go.",
    ),
    Reference(
        key="lin2017",
        authors=(
            "Lin, Z.",
            "Feng, M.",
            "dos Santos, C. N.",
            "Yu, M.",
            "Xiang, B.",
            "Zhou, B.",
            "Bengio, Y.",
        ),
        year=2017,
        title="A structured self-attentive sentence embedding",
        venue="ICLR 2017",
        identifier="arXiv:1703.03130",
        adds="several rows of weights, one sentence: an early form of heads",
        label="several weightings",
        track="machines",
        notebooks=("05",),
        note="Its scores have no query: close to what the course's source article writes.",
    ),
    Reference(
        key="vaswani2017",
        authors=(
            "Vaswani, A.",
            "Shazeer, N.",
            "Parmar, N.",
            "Uszkoreit, J.",
            "Jones, L.",
            "Gomez, A. N.",
            "Kaiser, Ł.",
            "Polosukhin, I.",
        ),
        year=2017,
        title="Attention is all you need",
        venue="Advances in Neural Information Processing Systems 30",
        identifier="arXiv:1706.03762",
        adds="the Transformer: attention carries the whole model, in many heads",
        label="the Transformer",
        track="machines",
        notebooks=("01", "02", "03", "04", "05", "11"),
        note="Eq. 1, footnote 4 (why the square root of d) and Table 1 (what it costs).",
    ),
    Reference(
        key="milakov2018",
        authors=("Milakov, M.", "Gimelshein, N."),
        year=2018,
        title="Online normalizer calculation for softmax",
        venue="preprint",
        identifier="arXiv:1805.02867",
        adds="softmax in one pass, without keeping all the scores",
        label="online softmax",
        track="machines",
        notebooks=("03", "11"),
        note="Algorithm 3 is short: a running maximum and a running sum.",
    ),
    Reference(
        key="child2019",
        authors=("Child, R.", "Gray, S.", "Radford, A.", "Sutskever, I."),
        year=2019,
        title="Generating long sequences with sparse transformers",
        venue="preprint",
        identifier="arXiv:1904.10509",
        adds="sparse attention: each token attends to a chosen few",
        label="sparse attention",
        track="machines",
        notebooks=("11",),
        note="Fig. 3 draws the masks; say which True entries each row keeps.",
    ),
    Reference(
        key="jain2019",
        authors=("Jain, S.", "Wallace, B. C."),
        year=2019,
        title="Attention is not explanation",
        venue="NAACL 2019",
        identifier="arXiv:1902.10186",
        adds="other weights, same answer: a large weight need not explain it",
        label="not explanation",
        track="machines",
        notebooks=("04", "05", "06", "08", "09", "10", "11"),
        note="Read it together with the reply of Wiegreffe & Pinter from the same year.",
    ),
    Reference(
        key="wiegreffe2019",
        authors=("Wiegreffe, S.", "Pinter, Y."),
        year=2019,
        title="Attention is not not explanation",
        venue="EMNLP 2019",
        identifier="arXiv:1908.04626",
        adds="the reply: it depends on what you mean by an explanation",
        label="not not explanation",
        track="machines",
        notebooks=("04", "05", "06", "09", "10", "11"),
        note="Section 1 says which claims it disputes, and which it does not.",
    ),
    Reference(
        key="shazeer2019",
        authors=("Shazeer, N.",),
        year=2019,
        title="Fast transformer decoding: one write-head is all you need",
        venue="preprint",
        identifier="arXiv:1911.02150",
        adds="multi-query attention: all heads share keys and values, so the cache shrinks",
        label="multi-query",
        track="machines",
        notebooks=("11",),
        note="Sections 2 and 3 write both kinds, many key heads and one, as short code.",
    ),
    Reference(
        key="beltagy2020",
        authors=("Beltagy, I.", "Peters, M. E.", "Cohan, A."),
        year=2020,
        title="Longformer: the long-document transformer",
        venue="preprint",
        identifier="arXiv:2004.05150",
        adds="windowed attention: near tokens, and a few that see all",
        label="windowed attention",
        track="machines",
        notebooks=("11",),
        note="Fig. 2 draws four masks; the second is the window of notebook 11.",
    ),
    Reference(
        key="katharopoulos2020",
        authors=("Katharopoulos, A.", "Vyas, A.", "Pappas, N.", "Fleuret, F."),
        year=2020,
        title="Transformers are RNNs: fast autoregressive transformers with linear attention",
        venue="ICML 2020",
        identifier="arXiv:2006.16236",
        adds="linear attention: another weighting, and time that grows with n",
        label="linear attention",
        track="machines",
        notebooks=("11",),
        note="Section 3.2: where the brackets move, and why that saves work.",
    ),
    Reference(
        key="dosovitskiy2020",
        authors=("Dosovitskiy, A.", "et al."),
        year=2020,
        title="An image is worth 16x16 words: transformers for image recognition at scale",
        venue="ICLR 2021",
        identifier="arXiv:2010.11929",
        adds="images as patches: the same attention, given enough data",
        label="image patches",
        track="machines",
        notebooks=("10", "11"),
        note="Fig. 3 shows how much data it took to pass a convolutional network.",
    ),
    Reference(
        key="schlag2021",
        authors=("Schlag, I.", "Irie, K.", "Schmidhuber, J."),
        year=2021,
        title="Linear transformers are secretly fast weight programmers",
        venue="ICML 2021",
        identifier="arXiv:2102.11174",
        adds="shows that linear attention, not normalised, equals the fast weights of 1992",
        label="fast weights again",
        track="machines",
        notebooks=("01", "11"),
        note="The abstract states the likeness; one author is also that of the 1992 work.",
    ),
    Reference(
        key="rabe2021",
        authors=("Rabe, M. N.", "Staats, C."),
        year=2021,
        title="Self-attention does not need O(n²) memory",
        venue="preprint",
        identifier="arXiv:2112.05682",
        adds="the exact result with little memory; the time stays quadratic",
        label="exact, less memory",
        track="machines",
        notebooks=("11",),
        note="Short, with code; the title says memory, not time: read the abstract twice.",
    ),
    Reference(
        key="dao2022",
        authors=("Dao, T.", "Fu, D. Y.", "Ermon, S.", "Rudra, A.", "Ré, C."),
        year=2022,
        title="FlashAttention: fast and memory-efficient exact attention with IO-awareness",
        venue="Advances in Neural Information Processing Systems 35",
        identifier="arXiv:2205.14135",
        adds="exact attention in blocks that fit a chip's fast memory",
        label="FlashAttention",
        track="machines",
        notebooks=("11",),
        note="Fig. 1 and Algorithm 1; the number of operations is not smaller, the traffic is.",
    ),
    Reference(
        key="ainslie2023",
        authors=(
            "Ainslie, J.",
            "Lee-Thorp, J.",
            "de Jong, M.",
            "Zemlyanskiy, Y.",
            "Lebrón, F.",
            "Sanghai, S.",
        ),
        year=2023,
        title=(
            "GQA: training generalized multi-query transformer models from multi-head checkpoints"
        ),
        venue="EMNLP 2023",
        identifier="arXiv:2305.13245",
        adds="grouped-query attention: a few heads share keys and values",
        label="grouped-query",
        track="machines",
        notebooks=("11",),
        note="Fig. 2 shows all three arrangements of heads.",
    ),
    Reference(
        key="xiao2023",
        authors=("Xiao, G.", "Tian, Y.", "Chen, B.", "Han, S.", "Lewis, M."),
        year=2023,
        title="Efficient streaming language models with attention sinks",
        venue="ICLR 2024",
        identifier="arXiv:2309.17453",
        adds="attention sinks: a large weight need not carry meaning",
        label="attention sinks",
        track="machines",
        notebooks=("05", "11"),
        note="Fig. 2: much weight on the first token, whatever it is, since weights must sum to 1.",
    ),
    # -- not on the timeline: what was before, what students read beside ---------------------------
    Reference(
        key="waibel1989",
        authors=("Waibel, A.", "Hanazawa, T.", "Hinton, G.", "Shikano, K.", "Lang, K. J."),
        year=1989,
        title="Phoneme recognition using time-delay neural networks",
        venue="IEEE Transactions on Acoustics, Speech, and Signal Processing 37(3), 328–339",
        identifier="doi:10.1109/29.21701",
        adds="the same small network slides over time; no attention, and no translation",
        notebooks=("01",),
        note="Look for the word attention in it: that is how a claim about history is tested.",
    ),
    Reference(
        key="wolberg1995",
        authors=("Wolberg, W. H.", "Street, W. N.", "Mangasarian, O. L."),
        year=1995,
        title="Breast cancer Wisconsin (diagnostic)",
        venue="data set, UCI Machine Learning Repository",
        identifier="doi:10.24432/C5DW2B",
        adds="thirty measured features of 569 patients, with the diagnosis",
        notebooks=("06",),
        note="Read how the features were measured, and how many patients had which diagnosis.",
    ),
    Reference(
        key="hochreiter1997",
        authors=("Hochreiter, S.", "Schmidhuber, J."),
        year=1997,
        title="Long short-term memory",
        venue="Neural Computation 9(8), 1735–1780",
        identifier="doi:10.1162/neco.1997.9.8.1735",
        adds="gates: numbers computed from the input that let through or hold back",
        notebooks=("12",),
        note="Look at the gates: weights that depend on the input, before attention had them.",
    ),
    Reference(
        key="alpaydin1998",
        authors=("Alpaydin, E.", "Kaynak, C."),
        year=1998,
        title="Optical recognition of handwritten digits",
        venue="data set, UCI Machine Learning Repository",
        identifier="doi:10.24432/C50P49",
        adds="images of handwritten digits, 8 × 8 pixels each",
        notebooks=("10",),
        note="Read how the larger scans became 8 × 8 numbers: what is lost on the way?",
    ),
    Reference(
        key="cho2014learning",
        authors=(
            "Cho, K.",
            "van Merriënboer, B.",
            "Gulcehre, C.",
            "Bahdanau, D.",
            "Bougares, F.",
            "Schwenk, H.",
            "Bengio, Y.",
        ),
        year=2014,
        title=(
            "Learning phrase representations using RNN encoder–decoder "
            "for statistical machine translation"
        ),
        venue="EMNLP 2014",
        identifier="arXiv:1406.1078",
        adds="an encoder that squeezes a phrase into one vector, and a decoder that unpacks it",
        notebooks=("01", "07"),
        note="Fig. 1 has the one vector through which everything must pass.",
    ),
    Reference(
        key="cho2014properties",
        authors=("Cho, K.", "van Merriënboer, B.", "Bahdanau, D.", "Bengio, Y."),
        year=2014,
        title="On the properties of neural machine translation: encoder–decoder approaches",
        venue="SSST-8, Workshop on Syntax, Semantics and Structure in Statistical Translation",
        identifier="arXiv:1409.1259",
        adds="shows how translation through one vector gets worse as sentences get longer",
        notebooks=("01", "07"),
        note="Look for the plots of quality against sentence length: attention was made for this.",
    ),
    Reference(
        key="sutskever2014",
        authors=("Sutskever, I.", "Vinyals, O.", "Le, Q. V."),
        year=2014,
        title="Sequence to sequence learning with neural networks",
        venue="Advances in Neural Information Processing Systems 27, 3104–3112",
        identifier="arXiv:1409.3215",
        adds="translates whole sentences through one vector of fixed length",
        notebooks=("01",),
        note="Ask where the source sentence is, once the encoder has read it.",
    ),
    Reference(
        key="chollet2015",
        authors=("Chollet, F.", "et al."),
        year=2015,
        title="Keras",
        venue="software with documentation at keras.io",
        identifier="",
        adds="layers named Attention, AdditiveAttention and MultiHeadAttention",
        notebooks=("12",),
        note="Read the layers' pages slowly: argument order, masks, and what is scaled.",
    ),
    Reference(
        key="vinyals2015",
        authors=("Vinyals, O.", "Fortunato, M.", "Jaitly, N."),
        year=2015,
        title="Pointer networks",
        venue="Advances in Neural Information Processing Systems 28",
        identifier="arXiv:1506.03134",
        adds="weights as the answer: the network points at an input instead of mixing values",
        notebooks=("08",),
        note="Fig. 1 sets both side by side; then find the equation that has no value in it.",
    ),
    Reference(
        key="weston2015",
        authors=(
            "Weston, J.",
            "Bordes, A.",
            "Chopra, S.",
            "Rush, A. M.",
            "van Merriënboer, B.",
            "Joulin, A.",
            "Mikolov, T.",
        ),
        year=2015,
        title="Towards AI-complete question answering: a set of prerequisite toy tasks",
        venue="ICLR 2016",
        identifier="arXiv:1502.05698",
        adds="small generated stories, each kind of question testing one skill",
        notebooks=("09",),
        note="Read the examples of the tasks, and say which facts each answer needs.",
    ),
    Reference(
        key="rush2015",
        authors=("Rush, A. M.", "Chopra, S.", "Weston, J."),
        year=2015,
        title="A neural attention model for abstractive sentence summarization",
        venue="EMNLP 2015, 379–389",
        identifier="arXiv:1509.00685",
        adds="attention that shortens a sentence",
        notebooks=("08", "12"),
        note="Fig. 1 shows which words of the long sentence each short word looks at.",
    ),
    Reference(
        key="abadi2016",
        authors=("Abadi, M.", "et al."),
        year=2016,
        title="TensorFlow: large-scale machine learning on heterogeneous distributed systems",
        venue="preprint; documentation at tensorflow.org",
        identifier="arXiv:1603.04467",
        adds="the library whose documentation the source article recommends",
        notebooks=("12",),
        note="For use, read the documentation, not the paper; the layers are documented by Keras.",
    ),
    Reference(
        key="goodfellow2016",
        authors=("Goodfellow, I.", "Bengio, Y.", "Courville, A."),
        year=2016,
        title="Deep learning",
        venue="MIT Press",
        identifier="ISBN 978-0-262-03561-3",
        adds="the textbook on what attention is built from and trained with",
        notebooks=("12",),
        note="Older than the Transformer: gradients, layers, training; attention in 12.4.5.1.",
    ),
    Reference(
        key="kadlec2016",
        authors=("Kadlec, R.", "Schmid, M.", "Bajgar, O.", "Kleindienst, J."),
        year=2016,
        title="Text understanding with the attention sum reader network",
        venue="ACL 2016",
        identifier="arXiv:1603.01547",
        adds="answers with a word of the text: its weights are summed over all its places",
        notebooks=("08",),
        note="Look for the sum: why does a word that stands there three times have an advantage?",
    ),
    Reference(
        key="see2017",
        authors=("See, A.", "Liu, P. J.", "Manning, C. D."),
        year=2017,
        title="Get to the point: summarization with pointer-generator networks",
        venue="ACL 2017, 1073–1083",
        identifier="arXiv:1704.04368",
        adds="summaries that copy words by their weights, or choose new ones",
        notebooks=("08",),
        note="Look for the one number that decides between copying a word and writing another.",
    ),
    Reference(
        key="rush2018",
        authors=("Rush, A. M.",),
        year=2018,
        title="The annotated Transformer",
        venue="Workshop for NLP Open Source Software, 52–60",
        identifier="doi:10.18653/v1/W18-2509",
        adds="the Transformer's paper with runnable code between its paragraphs",
        notebooks=("05", "12"),
        note="Read it after notebook 05, with the paper beside it.",
    ),
    Reference(
        key="brunner2019",
        authors=(
            "Brunner, G.",
            "Liu, Y.",
            "Pascual, D.",
            "Richter, O.",
            "Ciaramita, M.",
            "Wattenhofer, R.",
        ),
        year=2019,
        title="On identifiability in transformers",
        venue="ICLR 2020",
        identifier="arXiv:1908.04211",
        adds="proves that different weights can give the same output in texts longer than d",
        notebooks=("05",),
        note="The proof is one of linear algebra: more tokens than components leave weights open.",
    ),
    Reference(
        key="clark2019",
        authors=("Clark, K.", "Khandelwal, U.", "Levy, O.", "Manning, C. D."),
        year=2019,
        title="What does BERT look at? An analysis of BERT's attention",
        venue="BlackboxNLP 2019",
        identifier="arXiv:1906.04341",
        adds="describes what single heads of a trained model attend to",
        notebooks=("05", "12"),
        note="Look at the pictures of heads; many attend to a separator, so to nothing much.",
    ),
    Reference(
        key="michel2019",
        authors=("Michel, P.", "Levy, O.", "Neubig, G."),
        year=2019,
        title="Are sixteen heads really better than one?",
        venue="Advances in Neural Information Processing Systems 32",
        identifier="arXiv:1905.10650",
        adds="many heads of a trained model can be removed with little loss",
        notebooks=("05", "12"),
        note="A question as a title, answered by an experiment: remove a head and measure.",
    ),
    Reference(
        key="serrano2019",
        authors=("Serrano, S.", "Smith, N. A."),
        year=2019,
        title="Is attention interpretable?",
        venue="ACL 2019",
        identifier="arXiv:1906.03731",
        adds="removes inputs in the order of their weights and watches the answer",
        notebooks=("05", "12"),
        note="The test is simple: set a weight to 0, share out the rest, see what changes.",
    ),
    Reference(
        key="voita2019",
        authors=("Voita, E.", "Talbot, D.", "Moiseev, F.", "Sennrich, R.", "Titov, I."),
        year=2019,
        title=(
            "Analyzing multi-head self-attention: specialized heads do the heavy lifting, "
            "the rest can be pruned"
        ),
        venue="ACL 2019",
        identifier="arXiv:1905.09418",
        adds="names roles that a few heads play: neighbours, syntax, rare words",
        notebooks=("05", "12"),
        note="Compare its roles with heads that you look at yourself in an AttentionMap.",
    ),
    Reference(
        key="kobayashi2020",
        authors=("Kobayashi, G.", "Kuribayashi, T.", "Yokoi, S.", "Inui, K."),
        year=2020,
        title="Attention is not only a weight: analyzing transformers with vector norms",
        venue="EMNLP 2020, 7057–7075",
        identifier="arXiv:2004.10102",
        adds="looks at weight times length of the value: a large weight can carry very little",
        notebooks=("05", "11"),
        note="Compare weight with weight times length: separators have much of the first alone.",
    ),
    Reference(
        key="tay2020",
        authors=("Tay, Y.", "Dehghani, M.", "Bahri, D.", "Metzler, D."),
        year=2020,
        title="Efficient transformers: a survey",
        venue="ACM Computing Surveys 55(6), 1–28 (2022)",
        identifier="arXiv:2009.06732",
        adds="sorts the cheaper variants by what each one changes",
        notebooks=("11", "12"),
        note="Table 1 lists variants with their cost; ask of each what it no longer computes.",
    ),
    Reference(
        key="brown2020",
        authors=("Brown, T. B.", "et al."),
        year=2020,
        title="Language models are few-shot learners",
        venue="Advances in Neural Information Processing Systems 33",
        identifier="arXiv:2005.14165",
        adds="GPT-3: a dense language model ten times as large as any before it",
        notebooks=("11",),
        note="Table 2.1 has layers, heads and their size for eight models of one family.",
    ),
    Reference(
        key="touvron2020",
        authors=(
            "Touvron, H.",
            "Cord, M.",
            "Douze, M.",
            "Massa, F.",
            "Sablayrolles, A.",
            "Jégou, H.",
        ),
        year=2020,
        title="Training data-efficient image transformers & distillation through attention",
        venue="ICML 2021",
        identifier="arXiv:2012.12877",
        adds="trains an image Transformer on about a million images, by a better recipe",
        notebooks=("11",),
        note="Ask what replaced the missing data: altered copies of images, and a teacher network.",
    ),
    Reference(
        key="su2021",
        authors=("Su, J.", "Lu, Y.", "Pan, S.", "Murtadha, A.", "Wen, B.", "Liu, Y."),
        year=2021,
        title="RoFormer: enhanced transformer with rotary position embedding",
        venue="preprint",
        identifier="arXiv:2104.09864",
        adds="positions by rotation (RoPE): a score depends on how far two tokens are apart",
        notebooks=("05",),
        note="Fig. 1 turns pairs of components by an angle that grows with the place.",
    ),
    Reference(
        key="zhang2021",
        authors=("Zhang, A.", "Lipton, Z. C.", "Li, M.", "Smola, A. J."),
        year=2021,
        title="Dive into deep learning",
        venue="free online book",
        identifier="arXiv:2106.11342",
        adds="a textbook whose every formula runs",
        notebooks=("12",),
        note="Its chapter on attention also comes by way of Nadaraya and Watson.",
    ),
    Reference(
        key="jumper2021",
        authors=("Jumper, J.", "et al."),
        year=2021,
        title="Highly accurate protein structure prediction with AlphaFold",
        venue="Nature 596, 583–589",
        identifier="doi:10.1038/s41586-021-03819-2",
        adds="attention between the parts of a protein",
        notebooks=("11",),
        note="Fig. 3 draws the attention inside it, in a model that is about no language.",
    ),
    Reference(
        key="haviv2022",
        authors=("Haviv, A.", "Ram, O.", "Press, O.", "Izsak, P.", "Levy, O."),
        year=2022,
        title=(
            "Transformer language models without positional encodings still learn "
            "positional information"
        ),
        venue="Findings of EMNLP 2022, 1382–1390",
        identifier="arXiv:2203.16634",
        adds="shows that a causal mask alone lets a network find out where a token stands",
        notebooks=("05",),
        note="Ask how a token could count those before it, with a mask and no position at all.",
    ),
    Reference(
        key="chowdhery2022",
        authors=("Chowdhery, A.", "et al."),
        year=2022,
        title="PaLM: scaling language modeling with Pathways",
        venue="Journal of Machine Learning Research 24 (2023)",
        identifier="arXiv:2204.02311",
        adds="a very large language model in which all heads share keys and values",
        notebooks=("11",),
        note="Section 2 lists what differs from 2017; multi-query attention is in it, and why.",
    ),
    Reference(
        key="hoffmann2022",
        authors=("Hoffmann, J.", "et al."),
        year=2022,
        title="Training compute-optimal large language models",
        venue="Advances in Neural Information Processing Systems 35",
        identifier="arXiv:2203.15556",
        adds="measures how data and model size should grow together",
        notebooks=(
            "11",
            "12",
        ),
        note="The abstract is enough at first: with more computing, model and text grow equally.",
    ),
    Reference(
        key="phuong2022",
        authors=("Phuong, M.", "Hutter, M."),
        year=2022,
        title="Formal algorithms for transformers",
        venue="preprint",
        identifier="arXiv:2207.09238",
        adds="the whole Transformer as exact pseudocode, with every shape",
        notebooks=("05", "12"),
        note="Find Algorithms 3 to 5 and match each line with one of notebook 05.",
    ),
    Reference(
        key="dumankeles2022",
        authors=("Duman Keles, F.", "Wijewardena, P. M.", "Hegde, C."),
        year=2022,
        title="On the computational complexity of self-attention",
        venue="ALT 2023",
        identifier="arXiv:2209.04881",
        adds="a proof that the square cannot be avoided in general, if a common conjecture holds",
        notebooks=("11",),
        note="The abstract states the result and the conjecture on which it rests.",
    ),
    Reference(
        key="radford2022",
        authors=(
            "Radford, A.",
            "Kim, J. W.",
            "Xu, T.",
            "Brockman, G.",
            "McLeavey, C.",
            "Sutskever, I.",
        ),
        year=2022,
        title="Robust speech recognition via large-scale weak supervision",
        venue="ICML 2023",
        identifier="arXiv:2212.04356",
        adds="a Transformer that turns speech into text",
        notebooks=("11",),
        note="Look up how many hours of speech it was trained on.",
    ),
    Reference(
        key="alman2023",
        authors=("Alman, J.", "Song, Z."),
        year=2023,
        title="Fast attention requires bounded entries",
        venue="Advances in Neural Information Processing Systems 36",
        identifier="arXiv:2302.13214",
        adds="shows when attention can be computed nearly in proportion to n: small entries",
        notebooks=("11",),
        note="The abstract states both sides: when the square can be avoided, and when it cannot.",
    ),
    Reference(
        key="gu2023",
        authors=("Gu, A.", "Dao, T."),
        year=2023,
        title="Mamba: linear-time sequence modeling with selective state spaces",
        venue="preprint",
        identifier="arXiv:2312.00752",
        adds="a network without attention whose time grows with n",
        notebooks=("11",),
        note="Read the introduction: what does it keep of the past, and who decides?",
    ),
    Reference(
        key="liu2023",
        authors=(
            "Liu, N. F.",
            "Lin, K.",
            "Hewitt, J.",
            "Paranjape, A.",
            "Bevilacqua, M.",
            "Petroni, F.",
            "Liang, P.",
        ),
        year=2023,
        title="Lost in the middle: how language models use long contexts",
        venue="Transactions of the Association for Computational Linguistics 12 (2024)",
        identifier="arXiv:2307.03172",
        adds="measures that models miss what stands in the middle of a long text",
        notebooks=("11",),
        note="Look at the curves shaped like a U: where is the fact found, where is it missed?",
    ),
    Reference(
        key="jiang2023",
        authors=("Jiang, A. Q.", "et al."),
        year=2023,
        title="Mistral 7B",
        venue="preprint",
        identifier="arXiv:2310.06825",
        adds="a language model with grouped-query attention and a window",
        notebooks=("11",),
        note="Table 1 has its sizes; Fig. 1 draws its window and how layers reach beyond it.",
    ),
    Reference(
        key="touvron2023",
        authors=("Touvron, H.", "et al."),
        year=2023,
        title="LLaMA: open and efficient foundation language models",
        venue="preprint",
        identifier="arXiv:2302.13971",
        adds="language models whose sizes are printed for everyone to compute with",
        notebooks=("11",),
        note="Table 2 has layers, heads and dimensions: enough to compute a cache.",
    ),
    Reference(
        key="raschka2024",
        authors=("Raschka, S.",),
        year=2024,
        title="Build a large language model (from scratch)",
        venue="Manning",
        identifier="ISBN 978-1-63343-716-6",
        adds="codes a language model step by step; its chapter 3 codes attention",
        notebooks=("12",),
        note="Chapter 3 repeats 02 to 04, and parts of 05, in PyTorch; go on with chapter 4.",
    ),
    Reference(
        key="grattafiori2024",
        authors=("Grattafiori, A.", "et al."),
        year=2024,
        title="The Llama 3 herd of models",
        venue="preprint",
        identifier="arXiv:2407.21783",
        adds="open language models whose heads share keys and values in groups",
        notebooks=("11",),
        note="Table 3 has layers, heads and key/value heads of three sizes.",
    ),
    Reference(
        key="arora2024",
        authors=("Arora, S.", "et al."),
        year=2024,
        title="Simple linear attention language models balance the recall-throughput tradeoff",
        venue="ICML 2024",
        identifier="arXiv:2402.18668",
        adds="measures how much recall a small memory costs",
        notebooks=("11",),
        note="The trade is in the title: speed against finding things again.",
    ),
)

#: Every work by its key: the timeline track by track, then the others, each by year.
REFERENCES: dict[str, Reference] = {work.key: work for work in _WORKS}


#: Where to begin in each reading list: one or two works that a beginner can read.
_BEGIN = {
    "01": ("nadaraya1964", "bahdanau2014"),
    "02": ("luong2015",),
    "03": ("vaswani2017",),
    "04": ("bahdanau2014",),
    "05": ("vaswani2017", "phuong2022"),
    "06": ("bahdanau2014",),
    "07": ("bahdanau2014", "luong2015"),
    "08": ("vinyals2015",),
    "09": ("sukhbaatar2015",),
    "10": ("xu2015", "dosovitskiy2020"),
    "11": ("tay2020", "rabe2021"),
    "12": ("zhang2021", "raschka2024"),
}


@dataclass(frozen=True)
class ReadingList:
    """Works with what to read in each; a notebook shows it as a table with links.

    Attributes
    ----------
    works : tuple of Reference
        By year.
    begin : tuple of Reference
        Those of them to begin with. They are shown first, and the others folded.
    """

    works: tuple[Reference, ...]
    begin: tuple[Reference, ...] = ()

    def __repr__(self) -> str:
        """Return one paragraph a work."""
        return "\n".join(
            f"{_STAR if work in self.begin else ''}{work.cited}: {work.title}. {work.note}"
            for work in (*self.begin, *self._others)
        )

    @property
    def _others(self) -> tuple[Reference, ...]:
        return tuple(work for work in self.works if work not in self.begin)

    def _repr_markdown_(self) -> str:
        if not self.begin or not self._others:
            return _table(self.works)
        more = "1 more" if len(self._others) == 1 else f"{len(self._others)} more, by year"
        # Markdown inside of an HTML block wants empty lines around it.
        return "\n".join(
            [
                _table(self.begin, _STAR),
                f"\n<details><summary>{more}</summary>\n",
                _table(self._others),
                "\n</details>",
            ]
        )


_STAR = "★ begin here: "


def _table(works: tuple[Reference, ...], mark: str = "") -> str:
    rows = ["| work | title and place | what to read in it |", "|---|---|---|"]
    for work in works:
        short = f"{work.names} ({work.year})"
        linked = f"[{short}]({work.url})" if work.url else short
        rows.append(f"| {mark}{linked} | *{work.title}*, {work.venue} | {work.note} |")
    return "\n".join(rows)


def reading_list(notebook: str) -> ReadingList:
    """List the works that belong to a notebook, and what to read in each.

    Parameters
    ----------
    notebook : str
        Its number, such as ``"03"``.

    Returns
    -------
    ReadingList
        By year, one or two of them marked as those to begin with.

    Raises
    ------
    ValueError
        If no work belongs to such a notebook.

    Examples
    --------
    >>> for work in reading_list("02").works:
    ...     print(work.cited)
    Bahdanau, Cho & Bengio (2014), arXiv:1409.0473
    Luong, Pham & Manning (2015), arXiv:1508.04025
    Vaswani et al. (2017), arXiv:1706.03762
    """
    works = [work for work in REFERENCES.values() if notebook in work.notebooks]
    if not works:
        known = ", ".join(sorted({n for work in REFERENCES.values() for n in work.notebooks}))
        raise ValueError(f"notebook: wants one of {known}, in quotation marks; got {notebook!r}")
    begin = tuple(REFERENCES[key] for key in _BEGIN.get(notebook, ()))
    return ReadingList(tuple(sorted(works, key=lambda work: work.year)), begin)
