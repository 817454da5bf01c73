/**
 * ② ④ Group 4: sessions end by themselves.
 */
import { group } from '../statement.ts'

export const timeouts = group('4. Timeouts', [
  {
    id: 'TO-01',
    priority: 'P0',
    text: 'Idle and absolute limits are documented, and no setting makes the absolute one endless',
    source: 'ASVS 7.1.1; N63B §2.1.3, §2.2.3, §2.3.3, §5.2',
  },
  {
    id: 'TO-02',
    priority: 'P0',
    text: 'The idle limit holds at the authority and at every verifier, whatever it remembers',
    source: 'ASVS 7.3.1; N63B §2.2.3, §2.3.3',
  },
  {
    id: 'TO-03',
    priority: 'P0',
    text: 'The absolute limit holds whatever the activity, for each level of assurance, at most 12 h at the third',
    source: 'ASVS 7.3.2; N63B §2.3.3, §5.2',
  },
  {
    id: 'TO-04',
    priority: 'P0',
    text: 'Activity moves the idle limit alone, a re-authentication both, and nothing else either',
    source: 'N63B §5.2',
  },
  {
    id: 'TO-05',
    priority: 'P0',
    text: 'What has expired is over: it cannot be revived, and copies die in time without being told',
    source: 'ASVS 7.4.1; N63B §5.1, §5.2; RFC 7662 §4',
  },
])
