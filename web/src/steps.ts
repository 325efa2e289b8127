// The lecture: each number in it is certified, and tested against the library.

export interface Step {
  title: string;
  /** Where it is asked. */
  at: string;
  question: string;
  options: readonly string[];
  /** Which option is right. */
  answer: number;
  reveal: string;
  /** What is shown then, if it is not the same. */
  after?: string;
  /** What would give the answer away, until it is revealed: `numbers`, the `band`, the last `curve`. */
  hides?: string;
}

export const STEPS: readonly Step[] = [
  {
    title: "A hat",
    at: "#line?x=-1~0~1&y=0~1~0",
    question: "A neuron costs |outer weight| × |inner weight|. What does the cheapest network through these three points cost?",
    options: ["1", "2", "4"],
    answer: 1,
    hides: "numbers",
    reveal:
      "2: the slope turns from 1 to −1, and each unit of turn costs 1. No network of any width does it for less: the curve below stays within ±1, which proves it.",
  },
  {
    title: "A wider hat",
    at: "#line?x=0~1~2~3&y=0~1~0~0",
    question: "This costs 3. Now the third point is raised to 1 as well. Does the cheapest network cost more or less?",
    options: ["more: there are two high points", "the same", "less"],
    answer: 2,
    reveal: "Less: 2. What costs is turning, not height; the wider hat turns twice instead of three times.",
    after: "#line?x=0~1~2~3&y=0~1~1~0",
  },
  {
    title: "How many?",
    at: "#line?x=0~1~2~3&y=0~0~1~3",
    question: "How many functions through these four points cost the least?",
    options: ["one", "two", "infinitely many"],
    answer: 2,
    hides: "numbers band",
    reveal:
      "Infinitely many: whatever bends upwards within the band. Gradient descent, from wherever it starts, decides what the norm leaves open. The dashed one has a single knot.",
  },
  {
    title: "Where neurons sit",
    at: "#line?x=-1~-0.6~-0.2~0.2~0.6~1&y=0~0.1~0.6~0.9~0.4~0.3",
    question: "Look at the lower curve. Where can a neuron of a cheapest network have its knot?",
    options: ["anywhere", "at data points only", "where the curve touches ±1"],
    answer: 2,
    reveal:
      "Where it touches: +1 for neurons that bend up, −1 for those that bend down. Between −0.2 and 0.2 it lies on −1 all the way: there the band is open, and knots may be between points.",
  },
  {
    title: "Weight decay",
    at: "#line?x=-1~0~1&y=0~1~0&lam=0.02",
    question: "With weight decay λ the hat is lowered. What happens to it as λ grows?",
    options: ["it shrinks, but never to nothing", "it is flat from some λ on", "it breaks into more neurons"],
    answer: 1,
    reveal: "It is flat from λ = 1/9 on: beyond that, no neuron is worth its cost, and the best network of all is a constant.",
    after: "#line?x=-1~0~1&y=0~1~0&lam=0.112",
  },
  {
    title: "A race to the floor",
    at: "#race?steps=10000",
    question: "Four optimisers start from the same network, with weight decay. How many of them come within 10 % of the floor in 10,000 steps?",
    options: ["none", "two", "all four"],
    answer: 0,
    reveal:
      "None. Press Play: they end a quarter above the floor, or more, each on a plateau of its own. Without the certified floor each curve alone would look finished. Try more steps, other step sizes, another seed.",
  },
  {
    title: "Many dimensions",
    at: "#bump?dim=31",
    question: "1 at the origin, 0 outside the unit ball, in 31 dimensions: the norm is 214. What if it is 1 on a ball of radius 0.1?",
    options: ["about 240", "about 700", "about 7,000"],
    answer: 2,
    hides: "curve",
    reveal: "7,006. At a point the norm grows in proportion to the dimension; on a plateau, however small, exponentially.",
    after: "#bump?dim=31&plateau=0.1",
  },
  {
    title: "Whole regions",
    at: "#regions?drawing=1&within=0.1",
    question: "1 on the disc, 0 on the ring, up to an error of 0.1: that costs about 8. What if the error may be 0.3?",
    options: ["about 7", "about 4", "about 1.8"],
    answer: 2,
    hides: "curve",
    reveal: "1.8: between 1.794 and 1.807, proven from both sides. Where one region surrounds another, exactness is what costs.",
    after: "#regions?drawing=1&within=0.3",
  },
];
