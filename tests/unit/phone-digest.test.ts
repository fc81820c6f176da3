import { describe, expect, it } from 'vitest';
import { answerChallenge, digestAnswer, parseChallenge } from '../../src/stack/phone/digest.mjs';
import type { Header, SipResponse } from '../../src/stack/phone/sip.mjs';

const response = (answer: string) => /response="([0-9a-f]+)"/.exec(answer)?.[1];

const refusal = (status: number, ...headers: Header[]): SipResponse => ({
  status,
  reason: '',
  headers,
  body: '',
});
const options = { credentials: { username: 'e001', password: 'p' }, method: 'REGISTER', uri: 'sip:h' };

describe('digest', () => {
  it('gives the answer RFC 2617 section 3.5 prints', () => {
    const challenge = parseChallenge(
      'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"',
    );
    const answer = digestAnswer({
      ...{ challenge, method: 'GET', uri: '/dir/index.html', cnonce: '0a4f113b' },
      credentials: { username: 'Mufasa', password: 'Circle Of Life' },
    });
    expect(response(answer)).toBe('6629fae49393a05397450978507c4ef1');
    expect(answer).toContain('opaque="5ccc069c403ebaf9f0171e9517f40e41"');
    expect(answer).toContain('qop=auth, nc=00000001, cnonce="0a4f113b"');
  });

  it.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ])('gives the answer RFC 7616 section 3.9.1 prints for %s', (algorithm, expected) => {
    const answer = digestAnswer({
      challenge: {
        ...{ realm: 'http-auth@example.org', qop: 'auth, auth-int', algorithm },
        nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
      },
      ...{ method: 'GET', uri: '/dir/index.html', cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ' },
      credentials: { username: 'Mufasa', password: 'Circle of Life' },
    });
    expect(response(answer)).toBe(expected);
  });

  it('answers a challenge without qop by the old rule', () => {
    const challenge = { realm: 'r', nonce: 'n' };
    const answer = digestAnswer({ challenge, ...options });
    expect(answer).not.toContain('qop');
    expect(response(answer)).toMatch(/^[0-9a-f]{32}$/);
  });

  it('answers a proxy in the proxy’s header and tells a stale nonce', () => {
    const proxy = answerChallenge(
      refusal(407, ['Proxy-Authenticate', 'Digest realm="r", nonce="n", stale=TRUE']),
      options,
    );
    expect(proxy?.header[0]).toBe('Proxy-Authorization');
    expect(proxy?.stale).toBe(true);
    const plain = answerChallenge(refusal(401, ['WWW-Authenticate', 'Digest realm="r", nonce="n"']), options);
    expect(plain?.header[0]).toBe('Authorization');
    expect(plain?.stale).toBe(false);
  });

  it('takes the first challenge it can answer, and none it cannot', () => {
    const unknown: Header = ['WWW-Authenticate', 'Digest realm="r", nonce="n", algorithm=SHA-512-256'];
    const known: Header = ['WWW-Authenticate', 'Digest realm="known", nonce="n", algorithm=MD5, qop="auth"'];
    expect(answerChallenge(refusal(401, unknown, known), options)?.header[1]).toContain('realm="known"');
    expect(answerChallenge(refusal(401, unknown), options)).toBeNull();
    expect(answerChallenge(refusal(401), options)).toBeNull();
    const intOnly: Header = ['WWW-Authenticate', 'Digest realm="r", nonce="n", qop="auth-int"'];
    expect(answerChallenge(refusal(401, intOnly), options)).toBeNull();
  });
});
