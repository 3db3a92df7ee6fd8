using NetStack.Tcp;
using NetStack.Wire;

namespace NetStack.Tests.TcpParts;

/// <summary>The scoreboard against the plain model, through random lives that cross the wrap of sequence numbers.</summary>
public sealed class ScoreboardModelTests
{
    private const int Segment = 100;

    private static readonly RttEstimator Rtt = MakeRtt();

    private static RttEstimator MakeRtt()
    {
        RttEstimator rtt = new(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(1));
        rtt.OnSample(TimeSpan.FromMilliseconds(8), Instant.Zero);
        return rtt;
    }

    public static TheoryData<ulong, bool, bool> Lives()
    {
        TheoryData<ulong, bool, bool> lives = [];
        for (ulong seed = 1; seed <= 24; seed++) lives.Add(seed, seed % 2 == 0, seed % 4 < 2);
        return lives;
    }

    [Theory]
    [MemberData(nameof(Lives))]
    public void It_agrees_with_the_plain_model(ulong seed, bool isCutIntoSegments, bool isRack)
    {
        Life life = new(seed, isCutIntoSegments, isRack);
        for (int step = 0; step < 1000; step++)
        {
            string what = life.Step();
            life.Compare($"seed {seed}, step {step}: {what}");
        }
    }

    private sealed class Life
    {
        private readonly SackScoreboard _real;
        private readonly ScoreboardModel _model;
        private readonly bool _isCut;
        private readonly bool _isRack;
        private RackLossDetector _rack;
        private SeededRandom _random;
        private Instant _now = Instant.FromSeconds(1);

        internal Life(ulong seed, bool isCut, bool isRack)
        {
            _random = new SeededRandom(seed);
            _isCut = isCut;
            _isRack = isRack;
            SequenceNumber first = new(uint.MaxValue - (uint)_random.Below(20_000));
            _real = new SackScoreboard(first);
            _model = new ScoreboardModel(first);
        }

        private uint Timestamp => (uint)(_now.Nanoseconds / 1_000_000);

        internal string Step()
        {
            if (_random.Chance(0.7)) _now = _now.AddNanoseconds(_random.Below(3_000_000));
            int choice = _random.Below(100);
            if (choice < 30) return Send();
            if (choice < 70) return Acknowledge();
            if (choice < 92) return Retransmit();
            if (choice < 96) return Timeout();
            _real.ClearLosses();
            _model.ClearLosses();
            return "clear";
        }

        internal void Compare(string where)
        {
            Assert.True(_model.Una == _real.Unacknowledged && _model.Next == _real.Next, where);
            Assert.True(_model.Sacked == _real.SackedBytes, where + $": sacked {_model.Sacked}, {_real.SackedBytes}");
            Assert.True(_model.Lost == _real.LostBytes, where + $": lost {_model.Lost}, {_real.LostBytes}");
            Assert.True(_model.Waiting == _real.WaitingBytes, where + $": waiting {_model.Waiting}, {_real.WaitingBytes}");
            Assert.True(_model.Again == _real.RetransmittedBytes, where + $": again {_model.Again}, {_real.RetransmittedBytes}");
            Assert.True(_model.Pipe == _real.Pipe, where + $": pipe {_model.Pipe}, {_real.Pipe}");
            bool hasNext = _real.TryGetRetransmission(1, out SequenceNumber start, out _);
            ScoreboardModel.Unit? waiting = _model.Units.FirstOrDefault(ScoreboardModel.Waits);
            Assert.True(hasNext == (waiting is not null) && (!hasNext || waiting!.Start == start), where + ": next to retransmit");
            ScoreboardModel.Unit? highest = _model.Units.LastOrDefault(u => u.Sacked);
            Assert.True(highest is null ? _real.HighestSacked <= _real.Unacknowledged : highest.End == _real.HighestSacked, where + ": highest");
            Assert.True(_real.RangeCount <= _model.Units.Count, where + ": more ranges than segments");
            for (int i = 0; i < _real.RangeCount; i++) CompareRange(_real.RangeAt(i), where);
        }

        private void CompareRange(in SentRange range, string where)
        {
            SequenceNumber at = range.Start;
            foreach (ScoreboardModel.Unit unit in _model.Units)
            {
                if (unit.Start < range.Start || unit.Start >= range.End) continue;
                Assert.True(unit.Start == at && unit.End <= range.End, where + ": edges");
                at = unit.End;
                Assert.True(unit.Sacked == range.Has(SentRangeState.Sacked) && unit.Lost == range.Has(SentRangeState.Lost), where + ": state");
                Assert.True(unit.InFlightAgain == range.Has(SentRangeState.Retransmitted), where + ": again");
                if (!unit.Sacked) Assert.True(unit.SentAt == range.SentAt && unit.Ever == range.Has(SentRangeState.EverRetransmitted), where + ": sent");
            }
            Assert.True(at == range.End, where + ": hole");
        }

        private string Send()
        {
            int length = _isCut ? Segment * (1 + _random.Below(6)) : 1 + _random.Below(2 * Segment);
            int size = _isCut ? Segment : length;
            if (_real.Outstanding > 12_000) return "full";
            _real.OnSent(length, size, _now, Timestamp);
            _model.Send(length, size, _now, Timestamp);
            return $"send {length}";
        }

        private string Retransmit()
        {
            int most = _isCut ? Segment * (1 + _random.Below(3)) : 1 + _random.Below(150);
            SequenceNumber start;
            int length;
            bool has = _random.Below(4) switch
            {
                0 => _real.TryGetLast(most, false, out start, out length),
                1 => _real.TryGetSpeculative(most, out start, out length),
                _ => _real.TryGetRetransmission(most, out start, out length),
            };
            if (!has) return "nothing to retransmit";
            Retransmit(start, length);
            return $"retransmit {start}+{length}";
        }

        private string Timeout()
        {
            if (_random.Chance(0.5)) return "no timeout";
            _rack.UpdateWindow(_real.Unacknowledged, _real.Next, false, true, _real.SackedSegments, Rtt);
            _real.OnRetransmissionTimeout(_isRack ? _rack : null, _now);
            if (!_model.Timeout(_isRack, _rack.Window, _now)) return "timeout";
            // The peer reneged: what was joined under its SACKs has no times of its own until it is sent again.
            while (_real.TryGetRetransmission(Segment, out SequenceNumber start, out int length)) Retransmit(start, length);
            return "reneging timeout";
        }

        private void Retransmit(SequenceNumber start, int length)
        {
            // After an ACK within a segment, its rest goes alone, so that later edges stay where segments began.
            int first = _model.Units.First(u => u.Start == start || u.End > start).Length;
            if (_isCut && first < Segment) length = Math.Min(length, first);
            int size = _isCut ? Segment : length;
            _real.OnRetransmitted(start, length, size, _now, Timestamp);
            _model.Retransmit(start, length, size, _now, Timestamp);
        }

        private string Acknowledge()
        {
            SequenceNumber ack = _random.Below(4) switch
            {
                0 => _real.Unacknowledged + _random.Below(_real.Outstanding + 1),
                1 => _real.Unacknowledged - _random.Below(200),
                _ when _model.Units.Count > 0 && _random.Chance(0.3) => _model.Units[_random.Below(Math.Min(_model.Units.Count, 6))].End,
                _ => _real.Unacknowledged,
            };
            SackBlock[] blocks = [.. Enumerable.Range(0, _random.Below(5)).Select(_ => RandomBlock())];
            uint? echo = _random.Chance(0.5) ? Timestamp - (uint)_random.Below(20) : null;
            TimeSpan minimum = TimeSpan.FromMilliseconds(_random.Below(4));
            AckFacts facts = new() { Acknowledgement = ack, Now = _now, TimestampEcho = echo, MinimumRoundTrip = minimum };
            // The model knows no DSACK: leave those it would take for one out of its sight.
            bool isDuplicate = blocks.Length > 0 && IsDuplicate(ack, blocks);
            AckOutcome outcome = _real.OnAck(facts, blocks, ref _rack);
            Assert.Equal(isDuplicate, outcome.HasDuplicateSack);
            var expected = _model.Ack(ack, isDuplicate ? blocks[1..] : blocks, _now, echo, minimum);
            string what = $"ack {ack} [{string.Join(' ', blocks)}]";
            Assert.True(expected.Delivered == outcome.Delivered && expected.Sacked == outcome.Sacked, what + $": delivered {expected}, {outcome.Delivered}, {outcome.Sacked}");
            Assert.True(expected.First == outcome.RoundTrip && expected.Last == outcome.ShortestRoundTrip, what + ": round trips");
            Assert.True(expected.LowestOriginal == (outcome.HasOriginalDelivered ? outcome.LowestOriginalEnd : null) || _isCut, what + ": originals");
            Assert.Equal(expected.LowestOriginal is not null, outcome.HasOriginalDelivered);
            Assert.Equal(_model.Units.Count > 0 && _model.Units[0].Sacked, outcome.IsReneging || (ack <= _model.Una && _model.Units.Count > 0 && _model.Units[0].Sacked));
            Assert.Equal((_model.Rack is not null, _model.Reordering), (_rack.HasSegment, _rack.IsReorderingSeen));
            if (_model.Rack is { } rack) Assert.Equal((rack.At, _model.RackRtt), (_rack.SentAt, _rack.RoundTrip));
            return what + Detect();
        }

        private string Detect()
        {
            if (!_isRack)
            {
                _real.MarkLostByThreshold(3, Segment);
                _model.MarkByThreshold(3, Segment);
                return "";
            }
            _rack.UpdateWindow(_real.Unacknowledged, _real.Next, false, _random.Chance(0.5), _real.SackedSegments, Rtt);
            _real.DetectLosses(_rack, _now, out Instant? due);
            Assert.Equal(_model.RackDetect(_rack.Window, _now), due);
            return "";
        }

        private bool IsDuplicate(SequenceNumber ack, SackBlock[] blocks)
        {
            SequenceNumber left = new(blocks[0].Left), right = new(blocks[0].Right);
            if (left >= right || right > _real.Next || ack > _real.Next) return false;
            return right <= ack || (blocks.Length > 1 && left >= new SequenceNumber(blocks[1].Left) && right <= new SequenceNumber(blocks[1].Right));
        }

        private SackBlock RandomBlock()
        {
            if (_model.Units.Count == 0 || _random.Chance(0.1))
            {
                SequenceNumber any = _real.Unacknowledged + (_random.Below(3000) - 1000);
                return new SackBlock(any.Value, (any + (_random.Below(400) - 50)).Value);
            }
            int from = _random.Below(_model.Units.Count);
            int to = Math.Min(from + _random.Below(8), _model.Units.Count - 1);
            int jitter = _random.Chance(0.2) ? _random.Below(60) - 30 : 0;
            return new SackBlock((_model.Units[from].Start + jitter).Value, _model.Units[to].End.Value);
        }
    }
}
