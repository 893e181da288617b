"""Small specs that several tests take."""

GOOD = "input 32x32x3 conv3-64 maxpool FC-10 softmax\n"
WRONG = "input 32x32x3 conv3-64 maxpol FC-10 softmax\n"
BLOCKS = "block pair(a, b) { conv3-$a conv3-$b }\nblock both(c) { pair($c, $c) maxpool }\n"
BRANCHING = """\
input 16x16x3
after conv: ReLU
block two(a, b) { concat[ conv1-$a | conv3-$b conv3-$b ] }
conv3-8
2: two(4, 8) x2 maxpool
aux 0.3 { conv1-2 FC-5 }
add[ identity | conv3-12 ]
FC-5 softmax
"""
