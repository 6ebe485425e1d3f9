"""Trains the plate detector on shards of make-detector-samples.ts and exports it as ONNX.

    python detector.py train --shards DIR --out detector.onnx --steps 3000 [--resume FILE] [--threads 1]
    python detector.py evaluate --model detector.onnx --frames DIR --video 002,003     frames with index.csv (boxes)
    python detector.py evaluate --model detector.onnx --shards DIR                     rendered scenes (corners)
    python detector.py publish --model detector.onnx --threshold 0.4                   into node/recognition/models

The network and its tensors are described in node/recognition/models/detector.md. A checkpoint (weights, optimiser, step)
is kept beside the model, so that --resume goes on where a run ended. The seed decides weights and order; sums of floats
differ between machines.
"""
import argparse, csv, glob, hashlib, json, math, os, time

import numpy as np
import torch
from torch import nn
import torch.nn.functional as F

STRIDES = (8, 16, 32)
# Widths in pixels of the plates that a stride finds; they overlap, and both are taught what lies in both.
RANGES = {8: (0, 64), 16: (48, 144), 32: (112, 10000)}
# Just outside its range a stride is taught nothing.
SLACK = 1.25
NARROWEST_PLATE = 14
# Of a shard (shards.ts).
HEADER_BYTES = 512
# In real frames not every far plate is labelled: what scores above this there, and is no label's, is not taught to be nothing.
UNLABELLED_SCORE = 0.5
# Cells whose bell is above this share are taught the corners.
CORNER_SHARE = 0.3


def conv(inputs, outputs, stride=1, dilation=1):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, dilation, dilation, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class Detector(nn.Module):
    """Gray picture to a score and eight corner offsets a cell, at three strides."""

    def __init__(self, c2=12, c4=24, c8=48, c16=80, c32=112, head=56):
        super().__init__()
        self.to8 = nn.Sequential(conv(1, c2, 2), conv(c2, c4, 2), conv(c4, c8, 2), conv(c8, c8), conv(c8, c8))
        self.to16 = nn.Sequential(conv(c8, c16, 2), conv(c16, c16), conv(c16, c16))
        self.to32 = nn.Sequential(conv(c16, c32, 2), conv(c32, c32), conv(c32, c32, 1, 2))
        self.lateral = nn.ModuleList([nn.Conv2d(channels, head, 1) for channels in (c8, c16, c32)])
        self.heads = nn.ModuleList([nn.Sequential(conv(head, head), nn.Conv2d(head, 9, 1)) for _ in STRIDES])
        for part in self.heads:
            nn.init.normal_(part[1].weight, std=0.01)
            nn.init.zeros_(part[1].bias)
            part[1].bias.data[0] = -4.0

    def forward(self, picture):
        f8 = self.to8(picture)
        f16 = self.to16(f8)
        f32 = self.to32(f16)
        p32 = self.lateral[2](f32)
        p16 = self.lateral[1](f16) + F.interpolate(p32, scale_factor=2.0, mode='nearest')
        p8 = self.lateral[0](f8) + F.interpolate(p16, scale_factor=2.0, mode='nearest')
        return self.heads[0](p8), self.heads[1](p16), self.heads[2](p32)


# ── samples ─────────────────────────────────────────────────────────────────────────────────────────────────────

class Shards:
    """All shards of a folder, mapped; new ones are found by refresh()."""

    def __init__(self, folder):
        self.folder, self.parts = folder, {}
        self.refresh()

    def refresh(self):
        for path in sorted(glob.glob(os.path.join(self.folder, 'detector-*.shard'))):
            if path in self.parts:
                continue
            with open(path, 'rb') as file:
                header = json.loads(file.read(HEADER_BYTES))
            count, height, width, rows = header['count'], header['height'], header['width'], header['labelBytes'] // 36
            pictures = np.memmap(path, np.uint8, 'r', HEADER_BYTES, (count, height, width))
            labels = np.fromfile(path, np.float32, count * rows * 9, offset=HEADER_BYTES + count * height * width).reshape(count, rows, 9)
            self.parts[path] = (pictures, labels)
        self.order = [(path, at) for path, (pictures, _) in self.parts.items() for at in range(len(pictures))]

    def batch(self, chosen):
        pictures = np.stack([self.parts[path][0][at] for path, at in chosen])
        labels = np.stack([self.parts[path][1][at] for path, at in chosen])
        return pictures, labels.copy()


def augmented(random, pictures, labels):
    """Mirrored half the time; brighter or darker, now and then a negative."""
    width = pictures.shape[2]
    pictures = pictures.astype(np.float32)
    for at in range(len(pictures)):
        if random.random() < 0.5:
            pictures[at] = pictures[at][:, ::-1]
            row = labels[at]
            row[:, 0:8:2] = np.where(row[:, 8:9] >= 0, width - row[:, 0:8:2], row[:, 0:8:2])
            row[:, :8] = row[:, [2, 3, 0, 1, 6, 7, 4, 5]]
        if random.random() < 0.5:
            pictures[at] = (pictures[at] - 128) * random.uniform(0.7, 1.25) + 128 + random.uniform(-25, 25)
    return np.clip(pictures, 0, 255) / 127.5 - 1, labels


def targets(labels, width, height):
    """For each stride: bell-shaped heat, where nothing is taught, corner offsets with their weights and plate sizes."""
    made = {}
    for stride in STRIDES:
        w, h = width // stride, height // stride
        count = len(labels)
        heat, silent, weight = (np.zeros((count, h, w), np.float32) for _ in range(3))
        corner, size = np.zeros((count, 8, h, w), np.float32), np.ones((count, 2, h, w), np.float32)
        xs, ys = np.arange(w, dtype=np.float32) + 0.5, np.arange(h, dtype=np.float32) + 0.5
        low, high = RANGES[stride]
        for at in range(count):
            for row in labels[at]:
                if row[8] < 0:
                    continue
                points = row[:8].reshape(4, 2)
                wide = (np.linalg.norm(points[1] - points[0]) + np.linalg.norm(points[2] - points[3])) / 2
                tall = (np.linalg.norm(points[3] - points[0]) + np.linalg.norm(points[2] - points[1])) / 2
                (left, top), (right, bottom) = points.min(0), points.max(0)
                x0, y0 = max(int(left // stride), 0), max(int(top // stride), 0)
                x1, y1 = min(int(right // stride) + 1, w), min(int(bottom // stride) + 1, h)
                isTaught = row[8] > 0 and wide >= NARROWEST_PLATE and low <= wide < high
                if not isTaught:
                    if row[8] == 0 or wide < NARROWEST_PLATE or low / SLACK <= wide < high * SLACK:
                        silent[at, y0:y1, x0:x1] = 1
                    continue
                cx, cy = points.mean(0) / stride
                column, line = min(int(cx), w - 1), min(int(cy), h - 1)
                sx, sy = max(0.6, 0.11 * wide / stride), max(0.5, 0.2 * tall / stride)
                bell = np.exp(-0.5 * (((xs[None] - column - 0.5) / sx) ** 2 + ((ys[:, None] - line - 0.5) / sy) ** 2))
                taught = (bell > CORNER_SHARE) & (bell > heat[at])
                np.maximum(heat[at], bell, out=heat[at])
                weight[at][taught] = (bell * row[8])[taught]
                size[at][:, taught] = np.array([[math.sqrt(wide * tall)], [tall]]) / stride
                for k in range(4):
                    corner[at, 2 * k][taught] = (points[k, 0] / stride - xs[None] + np.zeros_like(bell))[taught]
                    corner[at, 2 * k + 1][taught] = (points[k, 1] / stride - ys[:, None] + np.zeros_like(bell))[taught]
        made[stride] = tuple(torch.from_numpy(array) for array in (heat, silent, corner, weight, size))
    return made


def losses(outputs, made, isFrame):
    """Focal loss on the heat, by plates; smooth L1 on corners as shares of the plate's size. `isFrame`: samples from real frames."""
    found = corners = weights = plates = 0
    for output, stride in zip(outputs, STRIDES):
        output = output.float()
        heat, silent, corner, weight, size = made[stride]
        score = output[:, 0]
        p = torch.sigmoid(score).clamp(1e-5, 1 - 1e-5)
        isPeak = (heat > 0.999).float()
        silent = torch.maximum(silent, (isFrame[:, None, None] & (p.detach() > UNLABELLED_SCORE) & (heat < 0.01)).float())
        found = found - ((1 - p) ** 2 * torch.log(p) * isPeak).sum() - ((1 - silent) * (1 - isPeak) * (1 - heat) ** 4 * p ** 2 * torch.log(1 - p)).sum()
        plates = plates + isPeak.sum()
        error = (output[:, 1:] - corner) / size.repeat(1, 4, 1, 1)
        corners = corners + (F.smooth_l1_loss(error, torch.zeros_like(error), beta=0.05, reduction='none').mean(1) * weight).sum()
        weights = weights + weight.sum()
    return found / plates.clamp(min=1), corners / weights.clamp(min=1)


# ── training ────────────────────────────────────────────────────────────────────────────────────────────────────

def export(model, path):
    """Writes the model beside its place, then puts it there; says its hash."""
    model = model.eval()
    names = [f's{stride}' for stride in STRIDES]
    axes = {'picture': {2: 'height', 3: 'width'}, **{name: {2: f'rows{name}', 3: f'columns{name}'} for name in names}}
    torch.onnx.export(model, (torch.zeros(1, 1, 384, 640),), path + '.part', input_names=['picture'], output_names=names, dynamic_axes=axes, opset_version=17, dynamo=False)
    os.replace(path + '.part', path)
    with open(path, 'rb') as file:
        return hashlib.sha256(file.read()).hexdigest()


def register(path, digest, threshold):
    """The detector's part of models.json; the reader's is left as it is."""
    place = os.path.join(os.path.dirname(path), 'models.json')
    models = json.load(open(place)) if os.path.exists(place) else {'version': '1'}
    models['detector'] = {'file': os.path.basename(path), 'sha256': digest, 'threshold': threshold}
    with open(place + '.detector', 'w') as file:
        file.write(json.dumps(models, indent=2) + '\n')
    os.replace(place + '.detector', place)


def publish(options):
    """Weights first, then their hash, each by renaming: nobody ever sees half of one."""
    models = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'node', 'recognition', 'models')
    place = os.path.join(models, 'detector.onnx')
    with open(options.model, 'rb') as file:
        weights = file.read()
    with open(place + '.part', 'wb') as file:
        file.write(weights)
    os.replace(place + '.part', place)
    register(place, hashlib.sha256(weights).hexdigest(), options.threshold)


def train(options):
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    random = np.random.default_rng(options.seed)
    shards = Shards(options.shards)
    model = Detector().to(memory_format=torch.channels_last)
    average = Detector()
    average.load_state_dict(model.state_dict())
    optimiser = torch.optim.AdamW(model.parameters(), lr=options.rate, weight_decay=1e-4)
    step = 0
    if options.resume:
        saved = torch.load(options.resume)
        model.load_state_dict(saved['model']); average.load_state_dict(saved['average']); optimiser.load_state_dict(saved['optimiser'])
        step = saved['step'] if not options.restart else 0
    print(f'seed {options.seed}, {sum(p.numel() for p in model.parameters())} parameters, {len(shards.order)} samples', flush=True)
    queue, sums, began, exported = [], np.zeros(2), time.process_time(), time.time()
    while step < options.steps:
        if len(queue) < options.batch:
            shards.refresh()
            queue = [shards.order[at] for at in random.permutation(len(shards.order))]
        pictures, labels = augmented(random, *shards.batch([queue.pop() for _ in range(options.batch)]))
        height, width = pictures.shape[1:]
        made = targets(labels, width, height)
        share = step / options.steps
        rate = options.rate * min(1, (step + 1) / 150) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share)))
        for group in optimiser.param_groups:
            group['lr'] = rate
        inputs = torch.from_numpy(pictures[:, None].astype(np.float32)).to(memory_format=torch.channels_last)
        model.train()
        with torch.autocast('cpu', torch.bfloat16):
            outputs = model(inputs)
        isFrame = torch.from_numpy(((labels[:, :, 8] > 0) & (labels[:, :, 8] < 1)).any(1))
        found, corners = losses(outputs, made, isFrame)
        optimiser.zero_grad(set_to_none=True)
        (found + 2 * corners).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        optimiser.step()
        step += 1
        keep = min(0.998, step / (step + 20))
        with torch.no_grad():
            for mean, value in zip(average.state_dict().values(), model.state_dict().values()):
                mean.lerp_(value, 1 - keep) if mean.dtype.is_floating_point else mean.copy_(value)
        sums += (found.item(), corners.item())
        if step % 50 == 0:
            print(f'step {step} found {sums[0] / 50:.3f} corners {sums[1] / 50:.4f} rate {rate:.5f} cpu {time.process_time() - began:.0f} s, {len(shards.order)} samples', flush=True)
            sums[:] = 0
        if time.time() - exported > options.every * 60 or step == options.steps:
            exported = time.time()
            checkpoint = os.path.join(options.checkpoints or options.shards, 'detector.pt')
            torch.save({'model': model.state_dict(), 'average': average.state_dict(), 'optimiser': optimiser.state_dict(), 'step': step}, checkpoint + '.part')
            os.replace(checkpoint + '.part', checkpoint)
            register(options.out, export(average, options.out), options.threshold)
            print(f'exported at step {step}', flush=True)


# ── judging ─────────────────────────────────────────────────────────────────────────────────────────────────────

def overlap(a, b):
    wide, tall = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if wide <= 0 or tall <= 0:
        return 0.0
    shared = wide * tall
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def box_of(corners):
    points = corners.reshape(4, 2)
    return (*points.min(0), *points.max(0))


def detect(session, picture, lowest=0.1, suppress=0.3):
    """Corners and scores, best first, of a gray picture whose sides are multiples of 32."""
    outputs = session.run(None, {'picture': (picture[None, None].astype(np.float32) / 127.5 - 1)})
    found = []
    for output, stride in zip(outputs, STRIDES):
        score = 1 / (1 + np.exp(-output[0, 0]))
        for row, column in zip(*np.where(score >= lowest)):
            offsets = output[0, 1:, row, column].reshape(4, 2)
            found.append((float(score[row, column]), ((offsets + (column + 0.5, row + 0.5)) * stride).reshape(8)))
    kept = []
    for score, corners in sorted(found, key=lambda one: -one[0]):
        if all(overlap(box_of(corners), box_of(other)) < suppress for _, other in kept):
            kept.append((score, corners))
    return kept


def evaluate(options):
    import cv2, onnxruntime
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(options.model, settings)
    cases = []
    if options.frames:
        boxes = {}
        for row in csv.DictReader(open(os.path.join(options.frames, 'index.csv'))):
            if any(f'type1_{video}' in row['file'] for video in options.video.split(',')):
                boxes.setdefault(row['file'], []).append([float(row[name]) for name in 'xywh'])
        for file, own in boxes.items():
            picture = cv2.imread(os.path.join(options.frames, file), 0)
            scale = options.width / picture.shape[1]
            small = cv2.resize(picture, (options.width, round(picture.shape[0] * scale)), interpolation=cv2.INTER_AREA)
            small = np.pad(small, ((0, -small.shape[0] % 32), (0, -small.shape[1] % 32)), constant_values=128)
            across, down = options.inset
            cases.append((small, [(((x + w * across) * scale, (y + h * down) * scale, (x + w * (1 - across)) * scale, (y + h * (1 - down)) * scale), True, None) for x, y, w, h in own]))
    else:
        for pictures, labels in Shards(options.shards).parts.values():
            for picture, rows in list(zip(pictures, labels))[:options.limit]:
                cases.append((np.asarray(picture), [(box_of(row[:8]), row[8] == 1 and row[2] - row[0] >= 16, row[:8]) for row in rows if row[8] >= 0]))
    answers = [(detect(session, picture), truth) for picture, truth in cases]
    for threshold in (0.2, 0.3, 0.35, 0.4, 0.5, 0.6):
        total = hits5 = hits3 = wrong = 0
        errors, lengths = [], []
        for found, truth in answers:
            found = [one for one in found if one[0] >= threshold]
            for box, counts, corners in truth:
                if not counts:
                    continue
                best = max(found, key=lambda one: overlap(box_of(one[1]), box), default=None)
                value = overlap(box_of(best[1]), box) if best is not None else 0
                total, hits5, hits3 = total + 1, hits5 + (value >= 0.5), hits3 + (value >= 0.3)
                if corners is not None and value >= 0.5:
                    errors.append(np.abs(best[1] - corners).mean() / (box[3] - box[1]))
            wrong += sum(all(overlap(box_of(corners), box) < 0.2 for box, _, _ in truth) for _, corners in found)
        print(f'threshold {threshold}: recall .5 {hits5 / total:.3f} .3 {hits3 / total:.3f} of {total}, false {wrong / len(answers):.3f} a picture' + (f', corners off by {np.median(errors):.3f} of the height' if errors else ''))


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest='command', required=True)
    training = commands.add_parser('train')
    training.add_argument('--shards', required=True); training.add_argument('--out', required=True); training.add_argument('--checkpoints')
    training.add_argument('--steps', type=int, default=3000); training.add_argument('--batch', type=int, default=24); training.add_argument('--rate', type=float, default=3e-3)
    training.add_argument('--seed', type=int, default=1); training.add_argument('--threads', type=int, default=1); training.add_argument('--every', type=float, default=10, help='minutes between exports')
    training.add_argument('--resume'); training.add_argument('--restart', action='store_true', help='count steps from 0 again'); training.add_argument('--threshold', type=float, default=0.4)
    judging = commands.add_parser('evaluate')
    judging.add_argument('--model', required=True); judging.add_argument('--frames'); judging.add_argument('--video', default='002,003'); judging.add_argument('--width', type=int, default=640)
    judging.add_argument('--inset', type=float, nargs=2, default=(0, 0), help='of boxes that are drawn wide: shares of width and height on each side')
    judging.add_argument('--shards'); judging.add_argument('--limit', type=int, default=300)
    publishing = commands.add_parser('publish')
    publishing.add_argument('--model', required=True); publishing.add_argument('--threshold', type=float, required=True)
    options = parser.parse_args()
    {'train': train, 'evaluate': evaluate, 'publish': publish}[options.command](options)


if __name__ == '__main__':
    main()
