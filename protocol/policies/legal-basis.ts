/**
 * The register of treaties and acts that a grant may name: what it is, between whom, from when, how long data may be kept.
 * It is data for people who decide, not legal advice: `confidence` and `note` say how far an entry was checked against
 * its official text, and the linter repeats that until a legal officer has confirmed it.
 */
import type { NationId } from '../identifiers.ts'
import { dayOf, fromUnixSeconds } from '../instant.ts'

export type Language = 'lv' | 'lt' | 'en'
/** `official`: the article was read in its official text. `secondary`: read elsewhere. `unconfirmed`: neither. */
export type Confidence = 'official' | 'secondary' | 'unconfirmed'

export interface LegalBasis {
  readonly id: string
  /** Short title; the article's number follows it. */
  readonly title: { readonly [L in Language]: string }
  readonly article?: number
  /** Whom it binds: named nations, or every member state of the European Union. */
  readonly parties: readonly NationId[] | 'european-union'
  /** First day in force, UTC. */
  readonly from: string
  /** Last day in force, UTC; absent while no end is known. */
  readonly until?: string
  /** The longest retention that it allows at the receiver; absent where it names none. */
  readonly retentionDaysMax?: number
  /** Where the text is: CELEX number or likumi.lv id. */
  readonly source: string
  readonly confidence: Confidence
  readonly note: string
}

const LV = 'LV' as NationId
const LT = 'LT' as NationId
const AGREEMENT_2006 = {
  en: 'Agreement between Latvia and Lithuania of 7 June 2006 on cooperation in combating crime',
  lv: 'Latvijas un Lietuvas 2006. gada 7. jūnija līgums par sadarbību noziedzības apkarošanā',
  lt: '2006 m. birželio 7 d. Latvijos ir Lietuvos susitarimas dėl bendradarbiavimo kovojant su nusikalstamumu'
}
const LED = { en: 'Directive (EU) 2016/680', lv: 'Direktīva (ES) 2016/680', lt: 'Direktyva (ES) 2016/680' }
const EXCHANGE = { en: 'Directive (EU) 2023/977', lv: 'Direktīva (ES) 2023/977', lt: 'Direktyva (ES) 2023/977' }
const PRUM = { en: 'Decision 2008/615/JHA', lv: 'Lēmums 2008/615/TI', lt: 'Sprendimas 2008/615/TVR' }

const REGISTER: readonly LegalBasis[] = [
  {
    id: 'lv-lt-2006/art-1', title: AGREEMENT_2006, article: 1, parties: [LV, LT], from: '2006-11-01', source: 'likumi.lv 211995', confidence: 'unconfirmed',
    note: 'Signed in Vilnius, approved by Latvian law of 12 October 2006. Only the preamble was read; its day of entry into force is taken as that of the Latvian publication. A legal officer must name the article on data and its limits.'
  },
  {
    id: 'led/art-4', title: LED, article: 4, parties: 'european-union', from: '2018-05-06', source: 'CELEX 32016L0680', confidence: 'official',
    note: 'Principles, and use for another purpose of the directive where law authorises it; no basis alone, it needs the national law that transposes it.'
  },
  {
    id: 'led/art-9', title: LED, article: 9, parties: 'european-union', from: '2018-05-06', source: 'CELEX 32016L0680', confidence: 'official',
    note: 'Conditions that go with a transmission; no basis alone, it needs the national law that transposes it. In force here from the end of transposition.'
  },
  {
    id: 'eu-2023-977/art-5', title: EXCHANGE, article: 5, parties: 'european-union', from: '2024-12-12', source: 'CELEX 32023L0977', confidence: 'official',
    note: 'Answers to requests within 8 hours, 3 or 7 days. Needs transposing law; the end of transposition is from memory.'
  },
  {
    id: 'eu-2023-977/art-7', title: EXCHANGE, article: 7, parties: 'european-union', from: '2024-12-12', source: 'CELEX 32023L0977', confidence: 'unconfirmed',
    note: 'Information given on the own initiative of the sender: the natural basis of a first hit. Only its title was read; needs transposing law.'
  },
  {
    id: 'eu-2008-615/art-14', title: PRUM, article: 14, parties: 'european-union', from: '2008-08-26', retentionDaysMax: 365, source: 'CELEX 32008D0615', confidence: 'official',
    note: 'Personal data for major events, deleted after at most one year. The first day in force is from memory.'
  },
  {
    id: 'eu-2008-615/art-17', title: PRUM, article: 17, parties: 'european-union', from: '2008-08-26', source: 'CELEX 32008D0615', confidence: 'official',
    note: 'Joint patrols and other joint operations. The first day in force is from memory.'
  },
  {
    id: 'eu-2008-615/art-18', title: PRUM, article: 18, parties: 'european-union', from: '2008-08-26', source: 'CELEX 32008D0615', confidence: 'official',
    note: 'Assistance with mass gatherings, disasters and serious accidents. The first day in force is from memory.'
  },
  {
    id: 'lv-2019/crime-data', parties: [LV], from: '2019-08-05', source: 'likumi.lv 308278', confidence: 'secondary',
    title: { en: 'Latvian law on processing of personal data in criminal and administrative offence proceedings', lv: 'likums „Par fizisko personu datu apstrādi kriminālprocesā un administratīvā pārkāpuma procesā”', lt: 'Latvijos įstatymas dėl asmens duomenų tvarkymo baudžiamajame ir administracinių nusižengimų procese' },
    note: 'Transposes Directive (EU) 2016/680 in Latvia; amended on 9 May 2024. No article on plate reads was found.'
  },
  {
    id: 'lt-2018/xiii-1435', parties: [LT], from: '2018-07-16', source: 'e-tar.lt XIII-1435', confidence: 'unconfirmed',
    title: { en: 'Lithuanian law XIII-1435 on personal data processed by law enforcement', lv: 'Lietuvas likums XIII-1435 par tiesībaizsardzības iestāžu apstrādātiem personas datiem', lt: 'įstatymas Nr. XIII-1435 dėl teisėsaugos institucijų tvarkomų asmens duomenų' },
    note: 'Transposes Directive (EU) 2016/680 in Lithuania. Number and first day in force are from memory.'
  }
]

const BY_ID: ReadonlyMap<string, LegalBasis> = new Map(REGISTER.map(basis => [basis.id, basis]))
const EUROPEAN_UNION: readonly string[] = ['AT', 'BE', 'BG', 'CY', 'CZ', 'DE', 'DK', 'EE', 'ES', 'FI', 'FR', 'GR', 'HR', 'HU', 'IE', 'IT', 'LT', 'LU', 'LV', 'MT', 'NL', 'PL', 'PT', 'RO', 'SE', 'SI', 'SK']

export const legalBases = (): readonly LegalBasis[] => REGISTER
export const legalBasisOf = (id: string): LegalBasis | undefined => BY_ID.get(id)

/** `at` in unix seconds; whole days of UTC. */
export function isBasisInForce (basis: LegalBasis, at: number): boolean {
  const day = dayOf(fromUnixSeconds(at))
  return basis.from <= day && (basis.until === undefined || day <= basis.until)
}

/** Whether both ends of a transfer are bound by it. */
export const bindsBasis = (basis: LegalBasis, nations: readonly NationId[]): boolean =>
  nations.every(nation => basis.parties === 'european-union' ? EUROPEAN_UNION.includes(nation) : basis.parties.includes(nation))

const ARTICLE: { readonly [L in Language]: (n: number) => string } = { en: n => `article ${n}`, lv: n => `${n}. pants`, lt: n => `${n} straipsnis` }

/** `Directive (EU) 2016/680, article 9` in the reader's language; the id itself when it is not in the register. */
export function titleOfBasis (id: string, language: Language): string {
  const basis = legalBasisOf(id)
  if (basis === undefined) return id
  return basis.article === undefined ? basis.title[language] : `${basis.title[language]}, ${ARTICLE[language](basis.article)}`
}
