/**
 * One word for each byte of a fingerprint, to be read out over a telephone: 256 everyday things in alphabetical order.
 * Invariant: no two begin with the same four letters or differ in one letter only, and the list never changes, because
 * both sides must say the same words.
 */
export const FINGERPRINT_WORDS: readonly string[] = `
  acorn airport album almond amber anchor apple april apron arch arrow atlas autumn bacon badge bakery
  balcony bamboo banana banjo barrel basket beaver bell bench birch bison blanket bonfire book bottle bowl
  branch bread bridge broom bucket buffalo butter cabin cactus camel candle canoe carpet carrot castle cedar
  cello cereal chair cherry chimney cinema circle clarinet cloud clover coffee comet copper coral corner cotton
  cradle crane crystal cup curtain daisy dance desert diamond dolphin donkey dragon drum duck eagle earth
  easel echo elbow elephant elm engine evening falcon feather fern fiddle field finger fjord flag flute
  forest fossil fox garden garlic gate giraffe glacier glove goose granite grape guitar hammer harbour harp
  hazel hedge helmet heron hill honey horse hotel iceberg igloo island ivory jacket jasmine jelly jewel
  juniper kayak kettle kitchen kite koala ladder lagoon lake lamp lantern lavender lemon letter lilac lily
  lizard lobster lunch magnet mango maple marble marigold market meadow melon mirror monday moon moss motor
  mountain museum mushroom napkin needle nest notebook nutmeg oak ocean octopus olive onion opera orange orchard
  otter oyster palace panda paper pebble pencil pepper piano pigeon pine planet plum pocket pond poppy
  potato puffin puzzle pyramid quartz quilt rabbit radio raft rainbow raven ribbon river robin rose saddle
  salmon sandal saturn scarf school shadow sheep silver snow sofa spoon squirrel stone summer sunday swan
  table tailor teapot temple thunder tiger tomato tower tractor trumpet tulip tundra tunnel turtle umbrella valley
  vanilla velvet village violin volcano wagon walnut water whale wheel willow window winter wolf yellow zebra
`.trim().split(/\s+/)
