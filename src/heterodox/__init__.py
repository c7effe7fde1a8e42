"""What does it buy when models differ: in architecture, in what they predict, in what they look at?"""
