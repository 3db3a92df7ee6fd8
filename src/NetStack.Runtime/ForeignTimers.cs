using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace NetStack.Runtime;

/// <summary>
/// Finds timers of the real clock that were set since a simulation began, and says who waits for them. The framework has only a count
/// for that, so its lists are read by reflection; where they cannot be read, nothing is found.
/// </summary>
/// <remarks>Timers of the framework's own upkeep (connection pools, test runners) are none of the program's, and neither are timeouts that are
/// there not to fire: a <see cref="CancellationTokenSource"/> due in half a minute or later, as every request of an HttpClient sets one.</remarks>
internal sealed class ForeignTimers
{
    private const BindingFlags Any = BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
    private const int MaxTimers = 100_000; // a list that is changed while it is read must not hold us
    private const uint HarmlessTimeout = 30_000;

    private static readonly string[] Upkeep = ["System.Net.", "Microsoft.", "xunit.", "testhost"];

    private readonly HashSet<object> _before = new(ReferenceEqualityComparer.Instance);

    internal ForeignTimers()
    {
        foreach (object timer in All()) _before.Add(timer);
    }

    /// <summary>Whether timers can be found at all on this runtime.</summary>
    internal static bool CanFind => Shape.Instances is not null;

    /// <returns>What the timer calls and who waits for it; null for no timer.</returns>
    internal string? Find()
    {
        if (Timer.ActiveCount == 0) return null;
        foreach (object timer in All())
        {
            if (!_before.Contains(timer) && Describe(timer) is { } text) return text;
        }
        return null;
    }

    private static IEnumerable<object> All()
    {
        if (Shape.Instances?.GetValue(null) is not Array queues) yield break;
        foreach (object queue in queues)
        {
            foreach (FieldInfo list in Shape.Lists)
            {
                object? timer = list.GetValue(queue);
                for (int i = 0; timer is not null && i < MaxTimers; i++)
                {
                    yield return timer;
                    timer = Shape.Next!.GetValue(timer);
                }
            }
        }
    }

    private static string? Describe(object timer)
    {
        object? state = Shape.State!.GetValue(timer);
        uint due = Shape.DueTime!.GetValue(timer) is uint milliseconds ? milliseconds : 0;
        if (state is CancellationTokenSource && due >= HarmlessTimeout) return null;
        Delegate? callback = Shape.Callback!.GetValue(timer) as Delegate;
        MethodInfo? method = (state as Delegate ?? callback)?.Method;
        List<string> waiting = [.. AsyncStack.Of(state)];
        string? owner = waiting.Count > 0 ? waiting[0] : method is null ? null : AsyncStack.NameOf(method);
        if (owner is null || (waiting.Count > 0 ? Array.Exists(Upkeep, u => owner.StartsWith(u, StringComparison.OrdinalIgnoreCase)) : IsUpkeep(method!, state))) return null;
        string calls = state is CancellationTokenSource ? "cancels a token: CancelAfter, or HttpClient.Timeout" : $"calls {(method is null ? "" : AsyncStack.NameOf(method))}";
        IEnumerable<string> program = waiting.TakeWhile(w => !w.StartsWith("NetStack.VirtualNetwork.", StringComparison.Ordinal) && !w.StartsWith("NetStack.VirtualTimeLoop.", StringComparison.Ordinal));
        return string.Join(Environment.NewLine, program.Select(w => $"   awaited in {w}").Prepend($"   due after {due} ms, {calls}"));
    }

    private static bool IsUpkeep(MethodInfo method, object? state)
    {
        string assembly = method.Module.Assembly.GetName().Name + ".";
        if (Array.Exists(Upkeep, u => assembly.StartsWith(u, StringComparison.OrdinalIgnoreCase))) return true;
        string? target = state?.GetType().Assembly.GetName().Name + ".";
        return state is not null and not string && Array.Exists(Upkeep, u => target.StartsWith(u, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Where the framework keeps its timers.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Where it was trimmed away nothing is found.")]
    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "Where it was trimmed away nothing is found.")]
    private static class Shape
    {
        static Shape()
        {
            Type? queue = typeof(Timer).Assembly.GetType("System.Threading.TimerQueue");
            Type? timer = typeof(Timer).Assembly.GetType("System.Threading.TimerQueueTimer");
            Next = timer?.GetField("_next", Any);
            State = timer?.GetField("_state", Any);
            Callback = timer?.GetField("_timerCallback", Any);
            DueTime = timer?.GetField("_dueTime", Any);
            FieldInfo?[] lists = [queue?.GetField("_shortTimers", Any), queue?.GetField("_longTimers", Any)];
            Lists = [.. lists.OfType<FieldInfo>()];
            if (Lists.Length == 2 && Next is not null && State is not null && Callback is not null && DueTime is not null) Instances = queue!.GetProperty("Instances", Any);
        }

        internal static PropertyInfo? Instances { get; }

        internal static FieldInfo[] Lists { get; }

        internal static FieldInfo? Next { get; }

        internal static FieldInfo? State { get; }

        internal static FieldInfo? Callback { get; }

        internal static FieldInfo? DueTime { get; }
    }
}
