"""Trains the plate reader on shards of make-reader-samples.ts and exports it as ONNX.

    python reader.py train --shards DIR --out reader.onnx --samples 1000000 [--resume | --init FILE] [--threads 1]
    python reader.py evaluate --model reader.onnx --shards DIR      samples that were made but not trained on
    python reader.py calibrate --model reader.onnx --shards DIR     temperatures for models.json

A checkpoint (weights, optimiser, samples seen) is kept beside the model as FILE.pt, so that --resume goes on where a run
ended. The seed decides weights and order; sums of floats differ between machines. Shards that appear while training are
taken up at the next pass.

Characters are learned from the known columns first (cross-entropy), because the loss that only knows the text (CTC) finds no
way off its plateau by itself; it joins in later and teaches how columns make a text.
"""
import argparse, glob, json, math, os, time

import numpy as np
import torch
from torch import nn
import torch.nn.functional as F

HEADER_BYTES = 512
TEXT_MAX, COLUMNS, CLASSES, KINDS = 12, 48, 40, 3
BAND_COLUMNS = 12
NOT_TRAINED = 255
CTC_FROM, CTC_WEIGHT = 0.3, 0.35
# At the end the text counts more than the columns: a letter that may be two should become one of them, not both.
TEXT_FROM, TEXT_CTC_WEIGHT, TEXT_COLUMN_WEIGHT = 0.6, 1.0, 0.4
COUNTRY_WEIGHT, KIND_WEIGHT = 0.5, 0.3
KEEP = 0.998


def conv(inputs, outputs, size=3, stride=1, padding=None):
    padding = tuple(s // 2 for s in size) if isinstance(size, tuple) and padding is None else 1 if padding is None else padding
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, stride, padding, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class Wide(nn.Module):
    """What stands further off in the line: the letters of a short line are wider than what the other layers see at once."""

    def __init__(self, channels, dilation):
        super().__init__()
        self.far = nn.Sequential(conv(channels, channels // 3, (1, 1)), nn.Conv2d(channels // 3, channels // 3, (1, 3), 1, (0, dilation), (1, dilation), bias=False), nn.BatchNorm2d(channels // 3), nn.ReLU(inplace=True), nn.Conv2d(channels // 3, channels, 1, bias=False), nn.BatchNorm2d(channels))
        nn.init.zeros_(self.far[-1].weight)

    def forward(self, seen):
        return F.relu(seen + self.far(seen))


class Reader(nn.Module):
    """48 × 192 gray to 48 columns of characters, a country, and whether it is a plate of one or two lines."""

    def __init__(self, countries):
        super().__init__()
        self.eye = nn.Sequential(conv(1, 24, (5, 5), 2), conv(24, 32), conv(32, 48, stride=2), conv(48, 64), conv(64, 96, stride=(2, 1)), conv(96, 128, stride=(2, 1)))
        self.lines = nn.Sequential(conv(128, 192, (3, 1), padding=0), conv(192, 192, (1, 5)), conv(192, 192, (1, 3)), Wide(192, 2), Wide(192, 5))
        self.characters = nn.Sequential(nn.Dropout(0.05), nn.Conv2d(192, CLASSES, 1))
        # A country shows in three ways: its band at the left edge, the whole plate's look, the order of letters and digits.
        self.band = nn.Sequential(conv(64, 64, 3, (2, 1)), conv(64, 64, 3, 2), nn.Flatten())
        self.look = nn.Sequential(conv(128, 64, 3, (1, 2)), conv(64, 64, 3, (1, 2)), conv(64, 32, (1, 1)), nn.Flatten())
        self.order = nn.Sequential(conv(192, 24, (1, 1)), nn.AvgPool2d((1, 2)), nn.Flatten())
        self.sight = nn.Sequential(nn.Dropout(0.1), nn.Linear(64 * 3 * BAND_COLUMNS // 2 + 32 * 3 * 12 + 24 * 24, 128), nn.ReLU(inplace=True))
        self.country = nn.Linear(128, countries + 1)
        self.kind = nn.Linear(128, KINDS)

    def forward(self, plates):
        near = self.eye[:4](plates)
        seen = self.eye[4:](near)
        lines = self.lines(seen)
        sight = self.sight(torch.cat((self.band(near[..., :BAND_COLUMNS]), self.look(seen), self.order(lines)), 1))
        return self.characters(lines).squeeze(2).transpose(1, 2), self.country(sight), self.kind(sight)


class Shards:
    def __init__(self, folder):
        self.folder, self.files = folder, {}
        self.refresh()

    def refresh(self):
        for path in sorted(glob.glob(os.path.join(self.folder, 'reader-*.shard'))):
            if path not in self.files:
                with open(path, 'rb') as file:
                    header = json.loads(file.read(HEADER_BYTES))
                n, h, w, l = (header[k] for k in ('count', 'height', 'width', 'labelBytes'))
                self.files[path] = (np.memmap(path, np.uint8, 'r', HEADER_BYTES, (n, h, w)), np.memmap(path, np.uint8, 'r', HEADER_BYTES + n * h * w, (n, l)))
        self.pictures = [files[0] for files in self.files.values()]
        self.labels = [files[1] for files in self.files.values()]
        self.index = np.concatenate([np.stack([np.full(len(labels), at), np.arange(len(labels))], 1) for at, labels in enumerate(self.labels)])

    def batch(self, rows):
        pictures = np.stack([self.pictures[a][b] for a, b in rows])
        labels = np.stack([self.labels[a][b] for a, b in rows]).astype(np.int64)
        return torch.from_numpy(pictures).unsqueeze(1).float().div_(127.5).sub_(1), torch.from_numpy(labels)


def losses(outputs, labels, column_weight, ctc_weight):
    characters, country, kind = (o.float() for o in outputs)
    loss = column_weight * F.cross_entropy(characters.reshape(-1, CLASSES), labels[:, 4 + TEXT_MAX:].reshape(-1), ignore_index=NOT_TRAINED, label_smoothing=0.01)
    if ctc_weight > 0:
        has = (labels[:, 3] < NOT_TRAINED) & (labels[:, 3] > 0)
        text, lengths = labels[has, 4:4 + TEXT_MAX], labels[has, 3]
        ctc = F.ctc_loss(characters[has].log_softmax(2).transpose(0, 1), text, torch.full_like(lengths, COLUMNS), lengths, zero_infinity=True, reduction='none') / lengths
        loss = loss + ctc_weight * ctc.clamp(max=5).mean()
    loss = loss + COUNTRY_WEIGHT * masked(country, labels[:, 0]) + KIND_WEIGHT * masked(kind, labels[:, 1])
    return loss


def weights_at(done, is_trained):
    """Of columns and of text, as the run goes on; weights that have learned before skip the start."""
    if done >= TEXT_FROM: return TEXT_COLUMN_WEIGHT, TEXT_CTC_WEIGHT
    return (1.0, CTC_WEIGHT) if done >= CTC_FROM or is_trained else (1.0, 0.0)


def masked(logits, target):
    return F.cross_entropy(logits, target, ignore_index=NOT_TRAINED, label_smoothing=0.01) if (target != NOT_TRAINED).any() else logits.sum() * 0


def read(characters):
    """Greedy CTC: repeats fold, blanks fall out."""
    best = characters.argmax(2)
    return [[c for c, before in zip(row, [0] + row[:-1]) if c != 0 and c != before] for row in best.tolist()]


def score(run, shards, most=8192):
    """Shares right: whole text, by height of a line; country; kind."""
    right, heights, countries, kinds = [], [], [], []
    for start in range(0, min(len(shards.index), most), 256):
        plates, labels = shards.batch(shards.index[start:start + 256])
        characters, country, kind = run(plates)
        for text, label in zip(read(characters), labels.tolist()):
            if label[3] != NOT_TRAINED:
                right.append(text == label[4:4 + label[3]]); heights.append(label[2])
        known = labels[:, 0] != NOT_TRAINED
        countries += (country.argmax(1) == labels[:, 0])[known].tolist()
        sure = labels[:, 1] != NOT_TRAINED
        kinds += (kind.argmax(1) == labels[:, 1])[sure].tolist()
    right, heights = np.array(right), np.array(heights)
    bands = {f'{low}-{high} px': round(float(right[(heights >= low) & (heights < high)].mean()), 4) for low, high in ((10, 14), (14, 20), (20, 30), (30, 80))}
    return {'text': round(float(right.mean()), 4), **bands, 'country': round(float(np.mean(countries)), 4), 'kind': round(float(np.mean(kinds)), 4)}


def export(model, path):
    model.eval()
    torch.onnx.export(model.float(), torch.zeros(2, 1, 48, 192), path + '.part', input_names=['plates'], output_names=['characters', 'country', 'kind'], dynamic_axes={name: {0: 'n'} for name in ('plates', 'characters', 'country', 'kind')}, opset_version=17, dynamo=False)
    os.replace(path + '.part', path)


def train(args):
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    shards = Shards(args.shards)
    check = Shards(args.check) if args.check else None
    model = Reader(args.countries).to(memory_format=torch.channels_last)
    decayed = [p for p in model.parameters() if p.ndim > 1]
    optimiser = torch.optim.AdamW([{'params': decayed, 'weight_decay': 0.02}, {'params': [p for p in model.parameters() if p.ndim <= 1], 'weight_decay': 0}], lr=args.rate, betas=(0.9, 0.98))
    average = {k: v.detach().clone() for k, v in model.state_dict().items()}
    seen, started = 0, time.time()
    kept = args.out + '.pt'
    if args.resume or args.init:
        state = torch.load(args.init or kept)
        model.load_state_dict(state['average' if args.init else 'model'])
        average = state['average']
        if args.resume:
            optimiser.load_state_dict(state['optimiser']); seen = state['seen']
    print(sum(p.numel() for p in model.parameters()), 'parameters', len(shards.index), 'samples', flush=True)
    generator = np.random.default_rng(args.seed + seen)
    exported, steps, total = time.time(), 0, 0.0
    while seen < args.samples:
        shards.refresh()
        order = generator.permutation(len(shards.index))
        # A pass ends early when few samples were there, so that new shards join in soon.
        for start in range(0, len(order) - args.batch + 1, args.batch):
            done = seen / args.samples
            for group in optimiser.param_groups:
                group['lr'] = args.rate * min(1, seen / args.warm) * (0.5 * (1 + math.cos(math.pi * done)) + 0.002) if done < 1 else 0
            plates, labels = shards.batch(shards.index[np.sort(order[start:start + args.batch])])
            model.train()
            with torch.autocast('cpu', torch.bfloat16):
                outputs = model(plates.contiguous(memory_format=torch.channels_last))
            loss = losses(outputs, labels, *weights_at(done, args.init is not None))
            optimiser.zero_grad(); loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5)
            optimiser.step()
            seen += args.batch; steps += 1; total += loss.item()
            keep = min(KEEP, steps / (steps + 20))
            with torch.no_grad():
                for name, value in model.state_dict().items():
                    if value.dtype.is_floating_point: average[name].lerp_(value, 1 - keep)
                    else: average[name].copy_(value)
            if steps % 100 == 0:
                print(f'{seen} seen, loss {total / 100:.3f}, {seen and steps * args.batch / (time.time() - started):.0f}/s, {time.process_time() / 60:.1f} CPU min', flush=True); total = 0
            if time.time() - exported > args.export_minutes * 60 or seen >= args.samples:
                keep_and_export(args, model, average, optimiser, seen, check, kept); exported = time.time()
            if seen >= args.samples: break


def keep_and_export(args, model, average, optimiser, seen, check, kept):
    torch.save({'model': model.state_dict(), 'average': average, 'optimiser': optimiser.state_dict(), 'seen': seen}, kept + '.part')
    os.replace(kept + '.part', kept)
    steady = Reader(args.countries)
    steady.load_state_dict(average)
    steady.eval()
    if check:
        quick = steady.to(memory_format=torch.channels_last)
        with torch.no_grad(), torch.autocast('cpu', torch.bfloat16): print(seen, 'seen:', json.dumps(score(lambda plates: tuple(o.float() for o in quick(plates.contiguous(memory_format=torch.channels_last))), check, 2048)), flush=True)
    export(steady.to(memory_format=torch.contiguous_format), args.out)


def session(path):
    import onnxruntime
    options = onnxruntime.SessionOptions(); options.intra_op_num_threads = 1
    run = onnxruntime.InferenceSession(path, options)
    return lambda plates: tuple(torch.from_numpy(o) for o in run.run(None, {'plates': plates.numpy()}))


def evaluate(args):
    print(json.dumps(score(session(args.model), Shards(args.shards), args.samples)))


def calibrate(args):
    """The temperature of each output that makes its probabilities most likely; characters where the column is known."""
    run, shards = session(args.model), Shards(args.shards)
    kept = {'characters': [], 'country': [], 'kind': []}
    for start in range(0, min(len(shards.index), args.samples), 256):
        plates, labels = shards.batch(shards.index[start:start + 256])
        characters, country, kind = run(plates)
        columns = labels[:, 4 + TEXT_MAX:]
        known = (columns != NOT_TRAINED) & (columns > 0)
        for name, logits, target in (('characters', characters[known], columns[known]), ('country', country, labels[:, 0]), ('kind', kind, labels[:, 1])):
            sure = target != NOT_TRAINED
            kept[name].append((logits[sure], target[sure]))
    found = {}
    for name, parts in kept.items():
        logits, target = torch.cat([p[0] for p in parts]), torch.cat([p[1] for p in parts])
        found[name] = min((round(0.5 + 0.02 * i, 2) for i in range(126)), key=lambda t: F.cross_entropy(logits / t, target).item())
    print(json.dumps(found))


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest='command', required=True)
    one = commands.add_parser('train')
    one.add_argument('--shards', required=True); one.add_argument('--check'); one.add_argument('--out', required=True)
    one.add_argument('--countries', type=int, required=True, help='how many countries the labels know')
    one.add_argument('--samples', type=int, default=1_000_000); one.add_argument('--batch', type=int, default=64)
    one.add_argument('--rate', type=float, default=3e-3); one.add_argument('--warm', type=int, default=6400)
    one.add_argument('--seed', type=int, default=1); one.add_argument('--threads', type=int, default=1)
    one.add_argument('--export-minutes', type=float, default=10); one.add_argument('--resume', action='store_true'); one.add_argument('--init')
    for name in ('evaluate', 'calibrate'):
        other = commands.add_parser(name)
        other.add_argument('--model', required=True); other.add_argument('--shards', required=True); other.add_argument('--samples', type=int, default=8192)
    arguments = parser.parse_args()
    {'train': train, 'evaluate': evaluate, 'calibrate': calibrate}[arguments.command](arguments)
