import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { commitmentOfManifest, digestOfFrame, manifestOf, parseManifest, verifyEvidence, type EvidenceFrame } from '../../../node/recognition/evidence.ts'

const x = suite('evidence')
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
console.log(`seed ${seed}`)

const frameOf = (at: number, fill: number, bytes = 40): EvidenceFrame => ({ at, bytes: new Uint8Array(bytes).fill(fill), salt: new Uint8Array(32).fill(fill + 1) })
const frames = fc.uniqueArray(fc.record({ at: fc.integer({ min: 0, max: 4e12 }), bytes: fc.uint8Array({ maxLength: 64 }), salt: fc.uint8Array({ minLength: 32, maxLength: 32 }) }), { minLength: 1, maxLength: 4, selector: ({ at }) => at })

x('the bytes are those that the description says', () => {
  const frame = frameOf(1_800_000_000_123, 7)
  const digest = createHash('sha256').update('tiltas/evidence-frame/1\0').update(frame.salt).update(frame.bytes).digest('base64url')
  assert.is(digestOfFrame(frame), digest)
  const manifest = `tiltas/evidence/1\n1800000000123 ${digest}\n`
  assert.is(manifestOf([frame]), manifest)
  assert.is(commitmentOfManifest(manifest), createHash('sha256').update(manifest).digest('base64url'))
  assert.is(commitmentOfManifest(manifest), '4b8wLPTY5caaLiayK21CDdicObm4wBLX9dv8P7JMtZ8')
})

x('frames prove themselves, in any order of making', () => {
  fc.assert(fc.property(frames, fc.nat(), (made, turn) => {
    const manifest = manifestOf(made)
    const rotated = made.map((_, i) => made[(i + turn) % made.length]!)
    assert.is(manifestOf(rotated), manifest)
    const sorted = [...made].sort((a, b) => a.at - b.at)
    const verdict = verifyEvidence(manifest, commitmentOfManifest(manifest), sorted)
    assert.is(verdict.code, 'proven')
    assert.equal(parseManifest(manifest)?.map(({ at }) => at), sorted.map(({ at }) => at))
  }), { seed })
})

x('one frame is shown without the others', () => {
  const made = [frameOf(1, 1), frameOf(2, 2), frameOf(3, 3)]
  const manifest = manifestOf(made)
  const verdict = verifyEvidence(manifest, commitmentOfManifest(manifest), [undefined, made[1], undefined])
  assert.equal('frames' in verdict && verdict.frames.map(({ verdict }) => verdict), ['not-disclosed', 'matches', 'not-disclosed'])
  assert.is(verdict.code, 'proven')
  assert.is(verifyEvidence(manifest, commitmentOfManifest(manifest), []).code, 'no-frame-proven')
})

x('a bit more or less anywhere is seen, and said where', () => {
  fc.assert(fc.property(frames, fc.nat(), fc.nat(), (made, which, where) => {
    const sorted = [...made].sort((a, b) => a.at - b.at)
    const manifest = manifestOf(sorted)
    const commitment = commitmentOfManifest(manifest)
    const index = which % sorted.length
    const target = sorted[index]!
    const changed = target.bytes.length === 0 ? { ...target, salt: target.salt.map((byte, i) => i === where % 32 ? byte ^ 1 : byte) } : { ...target, bytes: target.bytes.map((byte, i) => i === where % target.bytes.length ? byte ^ 0x80 : byte) }
    const verdict = verifyEvidence(manifest, commitment, sorted.map((frame, i) => i === index ? changed : frame))
    assert.is(verdict.code, 'no-frame-proven')
    assert.equal('frames' in verdict && verdict.frames.map(frame => frame.verdict), sorted.map((_, i) => i === index ? 'differs' : 'matches'))
    const at = where % manifest.length
    const bent = manifest.slice(0, at) + String.fromCharCode(manifest.charCodeAt(at) ^ 1) + manifest.slice(at + 1)
    assert.ok(['not-a-manifest', 'other-commitment'].includes(verifyEvidence(bent, commitment, sorted).code))
  }), { seed })
})

x('what is no manifest, or no digest, is called so', () => {
  const line = `1 ${'A'.repeat(43)}\n`
  for (const text of ['', 'tiltas/evidence/1', 'tiltas/evidence/1\n', `tiltas/evidence/2\n${line}`, `tiltas/evidence/1\n${line}${line}${line}${line}${line}`, `tiltas/evidence/1\r\n${line}`, `tiltas/evidence/1\n01 ${'A'.repeat(43)}\n`, `tiltas/evidence/1\n${line} `, `tiltas/evidence/1\n1 ${'A'.repeat(42)}\n`]) {
    assert.is(parseManifest(text), undefined, JSON.stringify(text))
    assert.is(verifyEvidence(text, 'A'.repeat(43), []).code, 'not-a-manifest')
  }
  const manifest = manifestOf([frameOf(1, 1)])
  assert.is(verifyEvidence(manifest, 'none', []).code, 'not-a-digest')
  assert.is(verifyEvidence(manifest, 'A'.repeat(43), []).code, 'other-commitment')
  assert.throws(() => manifestOf([]), RangeError)
  assert.throws(() => manifestOf([1, 2, 3, 4, 5].map(at => frameOf(at, at))), RangeError)
  assert.throws(() => digestOfFrame({ bytes: new Uint8Array(1), salt: new Uint8Array(31) }), RangeError)
})

x.run()
