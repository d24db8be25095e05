"""A model of what annotation exports hold, and the means to write, break and land such exports.

``world`` draws judgments as domain values; ``places`` and the shapes write them; ``formats`` makes bytes of that;
``mutations`` breaks it and says what must come of it; ``landing`` lands it and reads back what came.
"""
