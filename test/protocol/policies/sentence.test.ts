import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Grant } from '../../../protocol/policies/grant.ts'
import { sentenceOf, type Language, type NameOf } from '../../../protocol/policies/sentence.ts'
import { anyGrant, grant, printSeed, STATE_POLICE } from './samples.ts'

const seed = printSeed()
const test = suite('protocol/policies/sentence')
const LANGUAGES: readonly Language[] = ['lv', 'lt', 'en']

const NAMES: { readonly [L in Language]: readonly [string, string] } = {
  lv: ['Valsts policija', 'Utenas apriņķa policijas pārvalde'], lt: ['Latvijos valstybės policija', 'Utenos apskrities vyriausiasis policijos komisariatas'], en: ['the State Police of Latvia', 'Utena County Police']
}
const nameOf: NameOf = (agency, language) => NAMES[language][agency === STATE_POLICE ? 0 : 1]

const sent = grant({ kinds: ['hit', 'hotlist.share'], siteGroups: ['roads'], partner: { nation: 'LT' }, legalBasis: 'led/art-9' })
const accepted = grant({ direction: 'ingress', kinds: ['hit'], categories: 'all', handling: 'H3', handlingText: 'Call first', handlingLang: 'en', retentionDays: 21, unverified: 'allow', furtherHits: true, precision: 'none', thirdCountry: 'prior-authorisation', legalBasis: 'led/art-9' })

test('English', () => {
  assert.is(sentenceOf(sent, 'en', nameOf), 'From 1 December 2026, 00:00 UTC until 19 June 2027, 00:00 UTC, the State Police of Latvia may send plate hits with their updates and withdrawals, as well as hotlist entries with their withdrawals (categories: stolen vehicle, stolen plate; camera group: roads) to any agency of Lithuania, telling the place no more precisely than the NUTS 3 region, to detect criminal offences; legal basis: Directive (EU) 2016/680, article 9; the receiver keeps the data for no longer than 30 days; handling code H1 (not to be disclosed in judicial proceedings without the permission of the provider); transfer to third countries is prohibited; only the first hit of each entry is told; an unverified match waits for confirmation.')
  assert.is(sentenceOf(accepted, 'en', nameOf), 'From 1 December 2026, 00:00 UTC until 19 June 2027, 00:00 UTC, the State Police of Latvia may accept plate hits with their updates and withdrawals (all categories) from the agency “Utena County Police”, without telling the place, to detect criminal offences; legal basis: Directive (EU) 2016/680, article 9; the receiver keeps the data for no longer than 21 days; handling code H3 (neither to be disclosed in judicial proceedings nor passed on without the permission of the provider; also: “Call first”); transfer to third countries needs the prior authorisation of the provider; later hits of an entry are told if its owner asked for them; an unverified exact match needs no confirmation, a look-alike one does.')
})

test('Latvian', () => {
  assert.is(sentenceOf(sent, 'lv', nameOf), 'No 01.12.2026. plkst. 00.00 (UTC) līdz 19.06.2027. plkst. 00.00 (UTC) Valsts policija drīkst nosūtīt jebkurai Lietuvas iestādei numura zīmju atbilsmes ar to labojumiem un atsaukumiem, kā arī meklēšanas saraksta ierakstus ar to atsaukumiem (kategorijas: zagts transportlīdzeklis, zagta numura zīme; kameru grupa: roads), norādot vietu ne precīzāk kā NUTS 3 reģiona līmenī, lai atklātu noziedzīgus nodarījumus; juridiskais pamats: Direktīva (ES) 2016/680, 9. pants; saņēmējs datus glabā ne ilgāk kā 30 dienas; apstrādes kods H1 (bez sniedzēja atļaujas neizpaust tiesas procesā); nodošana trešām valstīm ir aizliegta; ziņo tikai par katra ieraksta pirmo atbilsmi; nepārbaudīta atbilsme gaida apstiprinājumu.')
  assert.is(sentenceOf(accepted, 'lv', nameOf), 'No 01.12.2026. plkst. 00.00 (UTC) līdz 19.06.2027. plkst. 00.00 (UTC) Valsts policija drīkst pieņemt no iestādes „Utenas apriņķa policijas pārvalde” numura zīmju atbilsmes ar to labojumiem un atsaukumiem (visas kategorijas), nenorādot vietu, lai atklātu noziedzīgus nodarījumus; juridiskais pamats: Direktīva (ES) 2016/680, 9. pants; saņēmējs datus glabā ne ilgāk kā 21 dienu; apstrādes kods H3 (bez sniedzēja atļaujas neizpaust tiesas procesā un nenodot tālāk; turklāt: „Call first”); nodošana trešām valstīm atļauta tikai ar sniedzēja iepriekšēju piekrišanu; par nākamajām atbilsmēm ziņo, ja ieraksta īpašnieks to pieprasījis; nepārbaudītai precīzai atbilsmei apstiprinājums nav vajadzīgs, bet līdzīgai ir.')
})

test('Lithuanian', () => {
  assert.is(sentenceOf(sent, 'lt', nameOf), 'Nuo 2026-12-01 00:00 (UTC) iki 2027-06-19 00:00 (UTC) Latvijos valstybės policija gali siųsti bet kuriai Lietuvos įstaigai numerio ženklų atitiktis su jų pataisomis ir atšaukimais, taip pat paieškos sąrašo įrašus su jų atšaukimais (kategorijos: vogta transporto priemonė, vogtas numerio ženklas; kamerų grupė: roads), vietą nurodant ne tiksliau kaip NUTS 3 regiono lygmeniu, siekiant atskleisti nusikalstamas veikas; teisinis pagrindas: Direktyva (ES) 2016/680, 9 straipsnis; gavėjas duomenis saugo ne ilgiau kaip 30 dienų; tvarkymo kodas H1 (be teikėjo leidimo neatskleisti teismo procese); perduoti trečiosioms valstybėms draudžiama; pranešama tik apie kiekvieno įrašo pirmąją atitiktį; nepatikrinta atitiktis laukia patvirtinimo.')
  assert.is(sentenceOf(accepted, 'lt', nameOf), 'Nuo 2026-12-01 00:00 (UTC) iki 2027-06-19 00:00 (UTC) Latvijos valstybės policija gali priimti iš įstaigos „Utenos apskrities vyriausiasis policijos komisariatas“ numerio ženklų atitiktis su jų pataisomis ir atšaukimais (visos kategorijos), nenurodant vietos, siekiant atskleisti nusikalstamas veikas; teisinis pagrindas: Direktyva (ES) 2016/680, 9 straipsnis; gavėjas duomenis saugo ne ilgiau kaip 21 dieną; tvarkymo kodas H3 (be teikėjo leidimo neatskleisti teismo procese ir neperduoti kitiems; be to: „Call first“); perduoti trečiosioms valstybėms galima tik gavus išankstinį teikėjo leidimą; apie vėlesnes atitiktis pranešama, jei to paprašė įrašo savininkas; nepatikrintai tiksliai atitikčiai patvirtinimo nereikia, o panašiai reikia.')
})

test('numerals take their noun in the right form', () => {
  const days = (n: number, language: Language): string | undefined => sentenceOf({ ...sent, retentionDays: n }, language, nameOf).split('; ').map(part => new RegExp(`(?:kā|kaip|than) ${n} (\\p{L}+)$`, 'u').exec(part)?.[1]).find(word => word !== undefined)
  assert.equal([1, 2, 11, 21, 30, 101, 111].map(n => days(n, 'lv')), ['dienu', 'dienas', 'dienas', 'dienu', 'dienas', 'dienu', 'dienas'])
  assert.equal([1, 2, 9, 10, 11, 12, 20, 21, 22, 30, 111, 121].map(n => days(n, 'lt')), ['dieną', 'dienas', 'dienas', 'dienų', 'dienų', 'dienų', 'dienų', 'dieną', 'dienas', 'dienų', 'dienų', 'dieną'])
  assert.equal([1, 2, 21].map(n => days(n, 'en')), ['day', 'days', 'days'])
})

test('a nation without a name in the list is said by its code', () => {
  for (const language of LANGUAGES) assert.ok(sentenceOf(grant({ partner: { nation: 'XX' } }), language, nameOf).includes(' XX'), language)
})

test('a grant for entries says nothing of cameras, places or look-alikes', () => {
  const entries = sentenceOf(grant({ kinds: ['hotlist.share'], siteGroups: ['roads'] }), 'en', nameOf)
  for (const word of ['roads', 'place', 'confirmation', 'first hit']) assert.not(entries.includes(word), word)
})

test('every grant is one whole sentence in each language, and no two that decide differently sound the same', () => {
  const same = (a: Grant, b: Grant): boolean => LANGUAGES.every(language => sentenceOf(a, language, nameOf) === sentenceOf(b, language, nameOf))
  fc.assert(fc.property(anyGrant, one => {
    for (const language of LANGUAGES) assert.match(sentenceOf(one, language, nameOf), /^\p{Lu}(?!.*(undefined|\[object|NaN)).+\.$/u)
    assert.not(same(one, { ...one, retentionDays: one.retentionDays + 1 }))
    assert.not(same(one, { ...one, direction: one.direction === 'egress' ? 'ingress' : 'egress' }))
    assert.not(same(one, { ...one, thirdCountry: one.thirdCountry === 'prohibited' ? 'prior-authorisation' : 'prohibited' }))
    assert.not(same(one, { ...one, until: one.until + 60 }))
    if (one.kinds.includes('hit')) assert.not(same(one, { ...one, unverified: one.unverified === 'allow' ? 'confirm' : 'allow' }))
  }), { seed, numRuns: 200 })
})

test.run()
