namespace NetStack.Inspect.Tests;

public sealed class ProgressTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly StringWriter _terminal = new();

    public void Dispose() => _terminal.Dispose();

    [Fact]
    public void A_short_run_shows_nothing()
    {
        Progress progress = new(_terminal, _time);
        for (int packets = 1; packets <= 1000; packets++) progress.Report(packets, packets * 100);
        progress.Clear();
        Assert.Equal("", _terminal.ToString());
    }

    [Fact]
    public void A_long_run_is_told_five_times_a_second_at_most_and_wiped_at_the_end()
    {
        Progress progress = new(_terminal, _time);
        for (int packets = 64; packets <= 64 * 1000; packets += 64) // a millisecond each
        {
            _time.Advance(TimeSpan.FromMilliseconds(1));
            progress.Report(packets, packets * 1000L);
        }
        string[] shown = _terminal.ToString().Split('\r', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(5, shown.Length);
        Assert.Equal("12,800 packets, 12.8 MB", shown[0]);
        Assert.Equal("64,000 packets, 64.0 MB", shown[^1]);
        progress.Clear();
        Assert.EndsWith($"\r{new string(' ', shown[^1].Length)}\r", _terminal.ToString());
        int length = _terminal.ToString().Length;
        progress.Clear();
        Assert.Equal(length, _terminal.ToString().Length);
    }

    [Fact]
    public void A_shorter_line_covers_the_one_before()
    {
        Progress progress = new(_terminal, _time);
        foreach (long packets in new[] { 6_400_000, 64 })
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            progress.Report(packets, 0);
        }
        Assert.Equal("\r6,400,000 packets, 0.0 MB\r64 packets, 0.0 MB       ", _terminal.ToString());
    }

    private sealed class ManualTime : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        internal void Advance(TimeSpan time) => _ticks += time.Ticks;
    }
}
