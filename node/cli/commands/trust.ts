/** `tiltas trust`: whom this node believes, and the ceremonies that change it. */
import { trustAgencyKeys } from './trust-agency-keys.ts'
import { trustCeremony } from './trust-ceremony.ts'
import { trustMembers } from './trust-members.ts'
import { rotate } from './trust-rotate.ts'
import { trustShow } from './trust-show.ts'

export const trust = [...trustShow, ...trustCeremony, ...trustMembers, rotate, ...trustAgencyKeys]
