using System.Buffers;
using System.Text;
using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>Writes a row's value into a cell.</summary>
internal delegate void CellValue<T>(T row, ref LineWriter cell);

/// <summary>A column of a table.</summary>
/// <param name="Name">Its name in CSV.</param>
/// <param name="Title">Its title over a readable table; null where it is in CSV only.</param>
/// <param name="Value">What stands in it.</param>
/// <param name="IsLeft">Whether its text begins at the left, as names do; numbers end at the right.</param>
/// <param name="InCsv">Whether it is in CSV.</param>
internal sealed record Column<T>(string Name, string? Title, CellValue<T> Value, bool IsLeft = false, bool InCsv = true);

/// <summary>Rows as a table to read, columns under each other, or as CSV (RFC 4180).</summary>
internal sealed class TableText<T>
{
    private const int MaxCell = 128;

    private readonly Column<T>[] _columns;
    private readonly bool _isCsv;
    private readonly int[] _widths;
    private bool _hasHead;

    internal TableText(IEnumerable<Column<T>> columns, bool isCsv)
    {
        _columns = [.. columns.Where(c => isCsv ? c.InCsv : c.Title is not null)];
        _isCsv = isCsv;
        _widths = [.. _columns.Select(c => c.Title?.Length ?? 0)];
    }

    /// <summary>Writes rows, the head in front of the first; a head stands even over no row.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="rows">The rows; they are gone through twice.</param>
    /// <param name="written">Called now and then, for an output that has to be written out.</param>
    internal void Write(IBufferWriter<byte> output, IReadOnlyCollection<T> rows, Action? written = null)
    {
        if (!_isCsv) Measure(rows);
        if (!_hasHead) WriteHead(output);
        foreach (T row in rows)
        {
            WriteRow(output, row);
            written?.Invoke();
        }
    }

    private void Measure(IReadOnlyCollection<T> rows)
    {
        Span<byte> room = stackalloc byte[MaxCell];
        foreach (T row in rows)
        {
            for (int i = 0; i < _columns.Length; i++)
            {
                LineWriter cell = new(room);
                _columns[i].Value(row, ref cell);
                _widths[i] = Math.Max(_widths[i], cell.Length);
            }
        }
    }

    private void WriteHead(IBufferWriter<byte> output)
    {
        _hasHead = true;
        LineWriter line = new(output.GetSpan(LineLength));
        for (int i = 0; i < _columns.Length; i++) Append(ref line, i, Encoding.UTF8.GetBytes(_isCsv ? _columns[i].Name : _columns[i].Title!));
        End(output, ref line);
    }

    private void WriteRow(IBufferWriter<byte> output, T row)
    {
        Span<byte> room = stackalloc byte[MaxCell];
        LineWriter line = new(output.GetSpan(LineLength));
        for (int i = 0; i < _columns.Length; i++)
        {
            LineWriter cell = new(room);
            _columns[i].Value(row, ref cell);
            Append(ref line, i, cell.Written);
        }
        End(output, ref line);
    }

    private int LineLength => _columns.Length * (MaxCell + 2) + 2;

    private void Append(ref LineWriter line, int column, scoped ReadOnlySpan<byte> text)
    {
        if (column > 0) line.Append(_isCsv ? ","u8 : "  "u8);
        bool isLast = column == _columns.Length - 1;
        if (!_isCsv && !_columns[column].IsLeft) Pad(ref line, _widths[column] - text.Length);
        line.Append(text);
        if (!_isCsv && _columns[column].IsLeft && !isLast) Pad(ref line, _widths[column] - text.Length);
    }

    private void End(IBufferWriter<byte> output, ref LineWriter line)
    {
        line.Append(_isCsv ? "\r\n"u8 : "\n"u8);
        output.Advance(line.Length);
    }

    private static void Pad(ref LineWriter line, int count)
    {
        for (; count > 0; count--) line.Append(' ');
    }
}
