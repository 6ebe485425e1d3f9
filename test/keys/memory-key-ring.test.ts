import { createMemoryKeyRing } from '../../keys/memory-key-ring.ts'
import { privateKeyFromSeed } from '../../keys/private-key.ts'
import { SECRETS, keyRingSuite } from '../suites/key-ring-suite.ts'

keyRingSuite('memory-key-ring', async () => ({ ring: createMemoryKeyRing(SECRETS.map(privateKeyFromSeed)) }))
