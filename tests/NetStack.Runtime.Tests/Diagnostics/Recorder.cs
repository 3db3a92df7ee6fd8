using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace NetStack.Runtime.Tests.Diagnostics;

/// <summary>What was logged, and whether a logger was ever called where it must not be.</summary>
internal sealed class LogRecorder : ILoggerFactory
{
    private readonly ConcurrentQueue<(string Category, int Id, LogLevel Level, string Text)> _entries = new();

    internal LogLevel Least { get; init; } = LogLevel.Debug;

    /// <summary>A loop whose gate must be free whenever something is logged.</summary>
    internal NetLoop? Loop { get; set; }

    /// <summary>Whether logging throws.</summary>
    internal bool IsBroken { get; set; }

    internal bool WasUnderGate { get; private set; }

    internal TaskCompletionSource<Exception?> Errors { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal IReadOnlyList<(string Category, int Id, LogLevel Level, string Text)> Entries => [.. _entries];

    internal int[] Ids => [.. _entries.Select(e => e.Id)];

    internal string TextOf(int id) => _entries.First(e => e.Id == id).Text;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
    }

    private sealed class Logger(LogRecorder owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= owner.Least;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            owner.WasUnderGate |= owner.Loop?.IsOwner ?? false;
            owner._entries.Enqueue((category, eventId.Id, logLevel, formatter(state, exception)));
            if (logLevel >= LogLevel.Error) owner.Errors.TrySetResult(exception);
            if (owner.IsBroken) throw new InvalidOperationException("the log is broken");
        }
    }
}

/// <summary>Collects the instruments of one host.</summary>
internal sealed class MetricRecorder : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Dictionary<string, double> _values = [];

    internal MetricRecorder(string host)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name != NetStackTelemetry.MeterName || instrument.Meter.Tags?.Any(t => t.Key == "netstack.host" && (string?)t.Value == host) != true) return;
            lock (_values) Units[instrument.Name] = instrument.Unit;
            listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument.Name, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Note(instrument.Name, value, tags));
        _listener.Start();
    }

    internal Dictionary<string, string?> Units { get; } = [];

    /// <summary>Every recorded value of histograms: the key is the name, then tags.</summary>
    internal List<(string Key, double Value)> Recorded { get; } = [];

    /// <summary>Collects now.</summary>
    /// <returns>The value for each name and tags, such as <c>netstack.tcp.segments network.io.direction=receive</c>.</returns>
    internal Dictionary<string, double> Collect()
    {
        lock (_values) _values.Clear();
        _listener.RecordObservableInstruments();
        lock (_values) return new Dictionary<string, double>(_values);
    }

    public void Dispose() => _listener.Dispose();

    private void Note(string name, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        List<string> parts = [name];
        foreach ((string key, object? tag) in tags) parts.Add($"{key}={tag}");
        string text = string.Join(' ', parts);
        lock (_values)
        {
            _values[text] = value;
            Recorded.Add((text, value));
        }
    }
}
