/** The sentence in English. */
import { twoDigits, type Words } from './words.ts'

const NATIONS: { readonly [code: string]: string } = {
  AT: 'Austria', BE: 'Belgium', BG: 'Bulgaria', CH: 'Switzerland', CY: 'Cyprus', CZ: 'Czechia', DE: 'Germany', DK: 'Denmark', EE: 'Estonia',
  ES: 'Spain', FI: 'Finland', FR: 'France', GR: 'Greece', HR: 'Croatia', HU: 'Hungary', IE: 'Ireland', IS: 'Iceland', IT: 'Italy', LI: 'Liechtenstein',
  LT: 'Lithuania', LU: 'Luxembourg', LV: 'Latvia', MT: 'Malta', NL: 'the Netherlands', NO: 'Norway', PL: 'Poland', PT: 'Portugal', RO: 'Romania',
  SE: 'Sweden', SI: 'Slovenia', SK: 'Slovakia'
}
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December']
const PLACE = 'telling the place no more precisely than the'
const H1 = 'not to be disclosed in judicial proceedings without the permission of the provider'
const H2 = 'neither to be disclosed in judicial proceedings nor passed on without the permission of the provider'

export const en: Words = {
  opening: (agency, direction, partner, things, from, until) => `From ${from} until ${until}, ${agency} may ${direction === 'egress' ? 'send' : 'accept'} ${things} ${partner}`,
  agency: (name, direction) => `${direction === 'egress' ? 'to' : 'from'} the agency “${name}”`,
  nation: (code, direction) => `${direction === 'egress' ? 'to' : 'from'} any agency of ${NATIONS[code] ?? `the nation ${code}`}`,
  kinds: {
    'hit': 'plate hits', 'hit.update': 'updates of plate hits', 'hit.withdraw': 'withdrawals of plate hits',
    'hotlist.share': 'hotlist entries', 'hotlist.withdraw': 'withdrawals of hotlist entries',
    'hit-and-changes': 'plate hits with their updates and withdrawals', 'share-and-withdrawals': 'hotlist entries with their withdrawals'
  },
  and: ', as well as ',
  allCategories: 'all categories',
  someCategories: names => `${names.length === 1 ? 'category' : 'categories'}: ${names.join(', ')}`,
  categories: {
    'stolen-vehicle': 'stolen vehicle', 'stolen-plate': 'stolen plate', 'wanted-person': 'wanted person', 'missing-person': 'missing person',
    'person-at-risk': 'person at risk', 'evidence': 'evidence', 'surveillance': 'surveillance', 'serious-crime': 'serious crime'
  },
  siteGroups: names => `${names.length === 1 ? 'camera group' : 'camera groups'}: ${names.join(', ')}`,
  precision: {
    none: 'without telling the place', nation: `${PLACE} country`, nuts3: `${PLACE} NUTS 3 region`, municipality: `${PLACE} municipality`,
    road: `${PLACE} road`, exact: `${PLACE} road`
  },
  purpose: {
    'prevention': 'to prevent criminal offences', 'investigation': 'to investigate criminal offences', 'detection': 'to detect criminal offences',
    'prosecution': 'to prosecute criminal offences', 'public-safety': 'to protect public safety', 'execution-of-penalties': 'to execute criminal penalties'
  },
  basis: title => `legal basis: ${title}`,
  retention: days => `the receiver keeps the data for no longer than ${days} ${days === 1 ? 'day' : 'days'}`,
  handling: {
    H0: () => 'handling code H0 (only to prevent and combat crime)', H1: () => `handling code H1 (${H1})`, H2: () => `handling code H2 (${H2})`,
    H3: text => `handling code H3 (${H2}; also: “${text}”)`
  },
  thirdCountry: { 'prohibited': 'transfer to third countries is prohibited', 'prior-authorisation': 'transfer to third countries needs the prior authorisation of the provider' },
  furtherHits: { yes: 'later hits of an entry are told if its owner asked for them', no: 'only the first hit of each entry is told' },
  unverified: { confirm: 'an unverified match waits for confirmation', allow: 'an unverified exact match needs no confirmation, a look-alike one does' },
  moment: at => `${at.day} ${MONTHS[at.month - 1]} ${at.year}, ${twoDigits(at.hour)}:${twoDigits(at.minute)} UTC`
}
