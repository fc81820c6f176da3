import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWeb, type TestWeb } from '../support/web.ts';

interface Operation {
  summary?: string;
  description?: string;
  tags?: string[];
  security?: object[];
  parameters?: { name: string; in: string; required?: boolean; schema: object }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: Schema }> }>;
}
interface Schema {
  type?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: unknown;
  anyOf?: Schema[];
}
interface Document {
  openapi: string;
  info: object;
  paths: Record<string, Record<string, Operation>>;
  components: { securitySchemes: object };
}

let web: TestWeb;
let document: Document;
beforeAll(async () => {
  web = await startWeb();
  document = (await web.app.inject({ url: '/api/docs/json' })).json();
});
afterAll(() => web.close());

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, operation })),
  );

describe('the OpenAPI document', () => {
  it('is 3.1, open to anyone, and names every address', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(document.info).toMatchObject({
      title: expect.any(String) as string,
      version: expect.any(String) as string,
    });
    expect(
      operations()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(
      [
        ...['get /healthz', 'get /metrics', 'get /readyz'],
        ...['delete /api/v1/session', 'get /api/v1/session', 'post /api/v1/session'],
        ...[
          'get /api/v1/accounts',
          'get /api/v1/accounts/{id}',
          'patch /api/v1/accounts/{id}',
          'post /api/v1/accounts',
        ],
        'post /api/v1/accounts/{id}/second-factor',
        'get /api/v1/audit',
        ...[
          'get /api/v1/calls',
          'get /api/v1/calls/{id}',
          'get /api/v1/calls/{id}/history',
          'get /api/v1/calls/{id}/why',
          'put /api/v1/calls/{id}/outcome',
        ],
        ...['get /api/v1/overflow', 'get /api/v1/overflow/{specialty}', 'put /api/v1/overflow/{specialty}'],
        'get /api/v1/queues',
        ...['get /api/v1/reports/expected-wait', 'get /api/v1/reports/first-contact'],
      ].sort(),
    );
  });

  it('describes each: what for, for whom, what it takes, what it gives, how it refuses', () => {
    for (const { name, operation } of operations()) {
      expect(operation.summary, name).toMatch(/\S/);
      expect(operation.tags, name).toHaveLength(1);
      const statuses = Object.keys(operation.responses);
      expect(
        statuses.some((status) => status.startsWith('2')),
        name,
      ).toBe(true);
      const refusal = operation.responses['default'];
      expect(refusal?.content?.['application/problem+json']?.schema.properties, name).toHaveProperty('code');
      if (operation.security === undefined) continue;
      expect(statuses, name).toEqual(expect.arrayContaining(['401', '403']));
      expect(operation.description, name).toMatch(/For: admin/);
    }
  });

  it('leaves open only what is meant to be', () => {
    const open = operations().flatMap(({ name, operation }) =>
      operation.security === undefined ? [name] : [],
    );
    expect(open.sort()).toEqual(['get /healthz', 'get /metrics', 'get /readyz', 'post /api/v1/session']);
  });

  it('has a closed schema for every body, and a shape for every answer', () => {
    let bodies = 0;
    for (const { name, operation } of operations()) {
      for (const { schema } of Object.values(operation.requestBody?.content ?? {})) {
        bodies += 1;
        expect(schema.type, name).toBe('object');
        expect(Object.keys(schema.properties ?? {}).length, name).toBeGreaterThan(0);
        expect(schema.additionalProperties, name).toBe(false);
      }
      for (const [status, response] of Object.entries(operation.responses)) {
        for (const { schema } of Object.values(response.content ?? {})) {
          expect(schema.type ?? schema.anyOf, `${name} ${status}`).toBeDefined();
        }
      }
    }
    expect(bodies).toBe(5);
  });

  it('has no reference that leads nowhere', () => {
    const text = JSON.stringify(document);
    for (const [, pointer = ''] of text.matchAll(/"\$ref":"#([^"]+)"/g)) {
      const found = pointer
        .slice(1)
        .split('/')
        .reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], document);
      expect(found, pointer).toBeDefined();
    }
    expect(text).not.toMatch(/"\$ref":"(?!#)/);
  });

  it('says once who may, and asks for nothing that has a default', () => {
    const list = document.paths['/api/v1/calls']!['get']!;
    expect(list.description).toBe('For: admin, supervisor, reviewer, auditor, expert.');
    expect(list.parameters!.filter((parameter) => parameter.required)).toEqual([]);
    expect(document.paths['/api/v1/accounts']!['post']!.description).toContain('Idempotency-Key');
  });

  it('names its parameters in the path', () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      const wanted = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      for (const operation of Object.values(methods)) {
        const named = (operation.parameters ?? [])
          .filter((parameter) => parameter.in === 'path')
          .map(({ name }) => name);
        expect(named, path).toEqual(wanted);
      }
    }
  });
});

describe('the page', () => {
  it('takes nothing from elsewhere', async () => {
    const page = await web.app.inject({ url: '/api/docs' });
    const followed =
      page.statusCode === 302 ? await web.app.inject({ url: String(page.headers['location']) }) : page;
    expect(followed.statusCode).toBe(200);
    expect(followed.headers['content-type']).toMatch(/^text\/html/);
    expect(followed.body).not.toMatch(/(src|href)="(https?:)?\/\//);
    expect(followed.headers['content-security-policy']).toContain("script-src 'self'");
    expect(followed.headers['content-security-policy']).not.toMatch(/script-src[^;]*unsafe/);
  });
});
