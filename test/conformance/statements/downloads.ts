/**
 * ⑦ Group 15: what a download is to HTTP and to browsers.
 */
import { group } from '../statement.ts'

export const downloads = group('15. Downloads', [
  {
    id: 'FD-01',
    priority: 'P1',
    text: 'A version has a strong entity tag, the same on all replicas and another one for each version',
    source: 'RFC 9110 §8.8.3',
  },
  {
    id: 'FD-02',
    priority: 'P1',
    text: 'A range that can be satisfied is answered with exactly its bytes, and ranges are advertised',
    source: 'RFC 9110 §14.2 to §14.4, §15.3.7',
  },
  {
    id: 'FD-03',
    priority: 'P1',
    text: 'Ranges outside are 416 with the length, unknown ones are ignored, and many are no work',
    source: 'RFC 9110 §14.2, §14.4, §15.5.17',
  },
  {
    id: 'FD-04',
    priority: 'P1',
    text: 'If-Range with another than the current strong tag is answered with the whole',
    source: 'RFC 9110 §13.1.5',
  },
  {
    id: 'FD-05',
    priority: 'P1',
    text: 'If-None-Match is answered with 304, after the claim has been accepted',
    source: 'RFC 9110 §13.1.2, §13.2.2, §15.4.5',
  },
  {
    id: 'FD-06',
    priority: 'P1',
    text: 'HEAD has the headers of GET and spends nothing',
    source: 'RFC 9110 §9.3.2',
  },
  {
    id: 'FD-07',
    priority: 'P0',
    text: 'What a claim has allowed is stored by no cache',
    source: 'ASVS 14.2.2, 14.3.2, 14.2.5; RFC 9111 §5.2.2.5',
  },
  {
    id: 'FD-08',
    priority: 'P1',
    text: 'Resuming needs the claim again, goes on where it broke off, and never joins parts of two versions',
    source: 'RFC 9110 §13.1.5',
  },
  {
    id: 'FD-09',
    priority: 'P0',
    text: 'What is downloaded is inert: attached under an encoded name, of its true type, never sniffed, never run',
    source: 'ASVS 3.2.1, 5.4.1, 5.4.2, 3.4.4, 3.5.8; RFC 6266',
  },
  {
    id: 'FD-10',
    priority: 'P1',
    text: 'Repr-Digest covers the whole representation, also of a part',
    source: 'RFC 9530 §2, §3, §5',
  },
  {
    id: 'FD-11',
    priority: 'P1',
    text: 'An upload of other content than its Content-Digest or Repr-Digest says is refused, and nothing of it stays',
    source: 'RFC 9530 §2, §3',
  },
])
