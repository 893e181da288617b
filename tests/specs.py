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
RESIDUAL = """\
input 16x16x3
after conv: BN ReLU
block residual(c) { add[ conv3-$c conv3-$c after=none BN | identity ] ReLU }
stem: conv3-8
conv2: residual(8) x2
mixed: concat[ a: conv1-4 | ( conv1-4 conv3-4 ) | b: conv3-4 ]
aux 0.3 { FC-4 softmax }
maxpool
"""
"""The start of a network whose layers have names of every kind."""
