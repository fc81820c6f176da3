import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { projectPath } from '../../src/platform/root.ts';

/** publiccode.yml against what version 0.4 of the standard demands, and against the project itself. */

interface PublicCode {
  publiccodeYmlVersion: string;
  name: string;
  url: string;
  softwareVersion: string;
  releaseDate: string;
  platforms: string[];
  categories: string[];
  developmentStatus: string;
  softwareType: string;
  intendedAudience: { countries: string[]; scope: string[] };
  description: Record<string, { shortDescription: string; longDescription?: string; features?: string[] }>;
  legal: { license: string };
  maintenance: { type: string; contacts?: { name: string; email?: string; phone?: string }[] };
  localisation: { localisationReady: boolean; availableLanguages: string[] };
  dependsOn: { open: { name: string; versionMin: string }[] };
}

const code = parse(readFileSync(projectPath('publiccode.yml'), 'utf8')) as PublicCode;
const project = JSON.parse(readFileSync(projectPath('package.json'), 'utf8')) as {
  version: string;
  license: string;
  engines: { node: string };
};

describe('publiccode.yml', () => {
  it('has every key the standard makes mandatory, in its form', () => {
    expect(code).toMatchObject({
      publiccodeYmlVersion: '0.4',
      name: expect.stringMatching(/./) as string,
      releaseDate: expect.stringMatching(/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/) as string,
      developmentStatus: expect.stringMatching(/^(concept|development|beta|stable|obsolete)$/) as string,
      softwareType: expect.stringMatching(
        /^(standalone\/(mobile|iot|desktop|web|backend|other)|addon|library|configurationFiles)$/,
      ) as string,
      legal: { license: expect.stringMatching(/./) as string },
      localisation: { localisationReady: expect.any(Boolean) as boolean },
    });
    expect(new URL(code.url).protocol).toBe('https:');
    expect(code.platforms.length).toBeGreaterThan(0);
    expect(code.categories).toContain('call-center-management');
    for (const language of code.localisation.availableLanguages) expect(language).toMatch(/^[a-z]{2}$/);
    for (const country of code.intendedAudience.countries) expect(country).toMatch(/^[a-z]{2}$/);
  });

  it('describes itself in English and Persian within the lengths allowed', () => {
    expect(Object.keys(code.description)).toEqual(['en', 'fa']);
    for (const [language, { shortDescription }] of Object.entries(code.description))
      expect([...shortDescription].length, language).toBeLessThanOrEqual(150);
    const { longDescription = '', features = [] } = code.description['en']!;
    expect([...longDescription.trim()].length).toBeGreaterThanOrEqual(500);
    expect([...longDescription.trim()].length).toBeLessThanOrEqual(10_000);
    expect(features.length).toBeGreaterThan(0);
  });

  it('names contacts, as a community must, and no address nobody reads', () => {
    expect(code.maintenance.type).toBe('community');
    expect(code.maintenance.contacts?.map(({ name }) => name).every(Boolean)).toBe(true);
    for (const contact of code.maintenance.contacts ?? []) expect(Object.keys(contact)).toEqual(['name']);
  });

  it('agrees with the project', () => {
    expect(code.softwareVersion).toBe(project.version);
    expect(code.legal.license).toBe(project.license);
    const node = code.dependsOn.open.find(({ name }) => name === 'Node.js');
    expect(project.engines.node).toBe(`>=${node?.versionMin}`);
  });
});
